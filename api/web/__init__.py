"""HTTP, said once: the endpoint, problems, bodies, parameters, pages, validators, keys, the OpenAPI document."""
