"""What policies measure and predict: load per instance, published metric points, forecasts."""
