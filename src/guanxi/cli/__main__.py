"""`python -m guanxi.cli`."""

from guanxi.cli import main

main()
