"""Programs that no one here wrote, one file each; ``python -m real.programs`` runs them."""
