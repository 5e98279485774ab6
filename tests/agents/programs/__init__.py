"""Programs that run unchanged with every kind of worker."""
