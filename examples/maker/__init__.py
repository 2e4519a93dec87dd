"""The parts of `make_examples.py`: identifiers, the invoice and its sums, the writers, the sellers and what they sell."""
