"""Migrations of the control database, run by Alembic inside the package."""
