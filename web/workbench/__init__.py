"""The workbench: the view of the page where somebody's own module is looked at and run."""
