"""llama.cpp's own server, as xllamacpp has it: python llama_server.py MODEL CONTEXT.

Runs with a Python that has xllamacpp (script/test-llama). Prints its port, and ends with its standard input.
"""

import sys

import xllamacpp


def main():
    parameters = xllamacpp.CommonParams()
    parameters.model.path = sys.argv[1]
    parameters.n_ctx = int(sys.argv[2])
    parameters.n_parallel = 1
    # Threads that wait for each other at every word make no progress on a machine that is busy otherwise.
    parameters.cpuparams.n_threads = 1
    parameters.port = 0
    server = xllamacpp.Server(parameters)
    print(server.listening_address.rsplit(":", 1)[1], flush=True)
    sys.stdin.read()


main()
