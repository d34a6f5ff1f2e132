"""
The shared package of the states and execution modules: plain Python that gets all input as arguments and never sees a
Salt dunder, so that it can be read, called and tested without Salt's loader.
"""
