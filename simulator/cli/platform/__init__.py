"""Commands that serve App Runner's API, and related ones: certificates, keys, DNS, the live view on a terminal."""
