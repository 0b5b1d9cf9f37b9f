"""The models that come with the program, with their licences, and how a model is found by its name."""
