"""``python -m sawyer_cli``."""

from sawyer_cli.main import main

raise SystemExit(main())
