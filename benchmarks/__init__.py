"""How fast the service is, measured beside two limits taken in the same run: `make bench`.

fiction     an invented press: words, names and statements, all from a seed
store       a store full of them, written by the service's own write path in bulk
servers     the service, and bare Flask sending the same bytes, as processes that are measured
load        a closed loop of clients on kept-alive connections
scenarios   what is asked, and how fast its answer should be
single      what is measured by itself: starting, renaming, one long answer
writing     a file imported and statements recorded, beside bare inserts
writes      rows taken down by transaction, and written once more with nothing around them
rounds      two things measured in turns, and the ratio between them
__main__    the run and its table
"""
