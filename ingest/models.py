"""What the database keeps in the relational database: the catalogue of blocks in the bucket.

The catalogue is an index, not a source of truth: ``manage.py catalogue rebuild`` makes it again from the bucket.
"""

from __future__ import annotations

from django.db import models


class BlockRecord(models.Model):
    """One block that is complete in the bucket."""

    ulid = models.CharField(max_length=26, unique=True, help_text="Identifier of the block, and of the head it was.")
    tenant = models.CharField(max_length=150)
    owner = models.CharField(max_length=255, help_text="Instance that wrote it.")
    prefix = models.CharField(max_length=1024, help_text="Folder of its tenant in the bucket.")
    min_time_ns = models.BigIntegerField()
    max_time_ns = models.BigIntegerField(help_text="Time of its last profile, inclusive.")
    series = models.BigIntegerField()
    profiles = models.BigIntegerField(help_text="Profiles in it; one profile of several sample types counts once.")
    rows = models.BigIntegerField(help_text="Rows: profiles times sample types.")
    samples = models.BigIntegerField()
    size_bytes = models.BigIntegerField()
    objects_count = models.IntegerField(help_text="Objects of the block in the bucket, its meta.json included.")
    created_at = models.DateTimeField(help_text="When the block was written.")
    registered_at = models.DateTimeField(auto_now_add=True, help_text="When queries began to see it.")

    class Meta:
        indexes = [models.Index(fields=["tenant", "max_time_ns", "min_time_ns"], name="block_by_tenant_and_time")]
        ordering = ["-ulid"]

    def __str__(self) -> str:
        return f"{self.ulid} of {self.tenant}"
