"""A simulated annotator teaches a learner: how much effort buys how much quality."""
