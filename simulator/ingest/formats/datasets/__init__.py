"""Public datasets of cloud platforms and web sites, one module for each publisher."""
