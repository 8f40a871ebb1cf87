"""`python -P -m perf_cli`: the command without an installed script."""

from perf_cli.main import main

if __name__ == "__main__":
    main()
