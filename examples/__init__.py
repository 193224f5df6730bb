"""Applications made with trioharness; each runs alone and is run by the tests."""
