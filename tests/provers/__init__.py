"""`make prove`: the product beside a model that knows every answer, for as many operations as one asks for."""
