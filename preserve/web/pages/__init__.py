"""The pages of the desk: one module for each kind, from what is held to what a template and a program get."""
