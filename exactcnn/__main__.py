"""`python -m exactcnn`: the same as the console script."""

from exactcnn.cli.main import main

if __name__ == "__main__":
    main()
