"""A query must not be answered as if there were no blocks when nobody can say which there are."""

from __future__ import annotations

import pytest
from django.db import connection

from ingest.adapters.orm_catalogue import OrmCatalogue
from ingest.models import BlockRecord
from ingest.querier.types import Unavailable


@pytest.mark.django_db
def test_a_database_that_fails_makes_the_query_try_again_later() -> None:
    catalogue = OrmCatalogue()
    assert list(catalogue.blocks("anonymous", 0, 1)) == []
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {BlockRecord._meta.db_table} RENAME TO elsewhere")
    with pytest.raises(Unavailable, match="catalogue"):
        catalogue.blocks("anonymous", 0, 1)
