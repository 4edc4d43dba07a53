"""Commands that serve App Runner's API, and what belongs to it: certificates, keys, DNS, the watching terminal."""
