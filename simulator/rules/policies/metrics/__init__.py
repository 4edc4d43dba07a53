"""What policies measure and forecast: load per instance, published metric points, forecasts."""
