"""DNS: names, the records that email needs, whether they are published, and publishing them."""
