"""The API's operations on resources, one file a resource."""
