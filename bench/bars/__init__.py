"""The measurements: a module for each, whose docstring says on the page what is measured."""
