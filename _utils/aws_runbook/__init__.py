"""
What the states and execution modules of this project share: plain Python that is handed what it needs and never sees a
Salt dunder, so that it can be read, called and tested without Salt's loader.
"""
