//! Its test is all there is: it builds a validator of JSON schemas, which nothing else needs.
