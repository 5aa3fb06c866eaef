"""Networks at work on frames: predictor, votes, what a prediction holds, its classes."""
