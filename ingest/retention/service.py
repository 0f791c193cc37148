"""One round of retention over all tenants: marks what is too old, takes marks back, deletes what has waited.

Safe to kill at any point and to repeat: a state is written before what it announces is done, and a move is made only if
the block is still as the plan saw it, so that two rounds at once do each other no harm. When in doubt a block is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from ingest.profiles.limit_rules import retention_contradiction
from ingest.profiles.limits import Limits
from ingest.retention.plan import Action, BlockState, HeldBlock, Step, cutoff_ns, plan_retention, step
from ingest.storage.block.errors import BlockDamaged
from ingest.storage.block.meta import META_FILE, BlockMeta
from ingest.storage.bucket import Bucket
from ingest.storage.errors import NotFound, StorageError
from ingest.storage.fs import escape_component
from ingest.storage.shipper import block_key

log = structlog.get_logger(__name__)

#: Blocks of one tenant and kind that a round looks at; the next one goes on.
MAX_BLOCKS = 1000
#: By how much two clocks may differ before neither is believed.
MAX_CLOCK_DIFFERENCE_NS = 300 * 10**9


class ClocksDiffer(Exception):
    """The clock of this process and that of the database are too far apart to judge an age by."""


class NotAsItsRowSays(Exception):
    """A block is another than its row in the catalogue says, in a sentence. It stays as it is."""


class Records(Protocol):
    """The catalogue of blocks and tenants' settings, read now, not from a memory. Everything may raise Unreadable."""

    def now_ns(self) -> int:
        """Return the time of the clock that writes ``since``."""
        ...

    def tenants(self) -> Sequence[str]:
        """Return who has blocks, in a fixed order."""
        ...

    def limits(self, tenant: str) -> Limits:
        """Return the limits of a tenant as they are in force now."""
        ...

    def candidates(self, tenant: str, before_ns: int | None, waited_since_ns: int, most: int) -> Sequence[HeldBlock]:
        """Return what a plan could have a step for: so many of each kind at most, those that are due longest first.

        ``before_ns``: what ends before it is too old, None = nothing is; ``waited_since_ns``: what is on its way out
        since then or longer has waited.
        """
        ...

    def move(self, blocks: Sequence[HeldBlock], to: BlockState, since_ns: int) -> int:
        """Write the state of those blocks that are still in the state they were read in; return how many that were."""
        ...

    def forget(self, block: HeldBlock) -> bool:
        """Remove the row of a block that is still as it was read; return whether it was."""
        ...

    def tell(self, tenant: str, deleted: Sequence[HeldBlock]) -> None:
        """Write into the audit log what was deleted."""
        ...


class Unreadable(Exception):
    """The database cannot be used now."""


@dataclass(slots=True)
class Round:
    """What one round did."""

    marked: int = 0
    unmarked: int = 0
    deleted: int = 0
    deleted_bytes: int = 0
    failed: int = 0  #: blocks, and tenants whose setting cannot be followed, that were left as they are
    is_cut_short: bool = False  #: its time was over before all tenants had their turn
    problems: list[str] = field(default_factory=list)  #: a sentence for each failure, with its tenant


class Retention:
    """Runs rounds."""

    def __init__(
        self,
        records: Records,
        bucket: Bucket,
        held_ns: int,
        delay_ns: int,
        wall_ns: Callable[[], int],
    ) -> None:
        """``held_ns``: how long a profile may be on ingesters; ``delay_ns``: from a mark to the deletion."""
        self._records = records
        self._bucket = bucket
        self._held_ns = held_ns
        self._delay_ns = delay_ns
        self._wall_ns = wall_ns

    def round(self, budget_ns: int) -> Round:
        """Give each tenant its turn until the time is over. Raises Unreadable and ClocksDiffer: then the rest stays."""
        began_ns = self._wall_ns()
        now_ns = self._records.now_ns()
        if abs(began_ns - now_ns) > MAX_CLOCK_DIFFERENCE_NS:
            raise ClocksDiffer(
                f"The clock of the database and that of this worker are {abs(began_ns - now_ns) / 1e9:.0f} s apart."
            )
        done = Round()
        tenants = self._records.tenants()
        # Who is first changes from round to round, so that nobody's turn is always the one that is left out.
        first = began_ns // max(1, budget_ns) % max(1, len(tenants))
        for tenant in (*tenants[first:], *tenants[:first]):
            self._turn(tenant, done, lambda: self._wall_ns() - began_ns >= budget_ns)
            if done.is_cut_short:
                break
        return done

    def _turn(self, tenant: str, done: Round, is_over: Callable[[], bool]) -> None:
        """Do what is due for one tenant. Trouble of its blocks is noted and ends nobody else's turn."""
        now_ns = self._records.now_ns()
        period_ns = self._period_ns(tenant, done)
        cutoff = cutoff_ns(period_ns, now_ns)
        blocks = self._records.candidates(tenant, cutoff, now_ns - self._delay_ns, MAX_BLOCKS)
        steps = plan_retention(blocks, period_ns, now_ns, self._delay_ns)
        done.unmarked += self._move(steps, Action.UNMARK, now_ns)
        done.marked += self._move(steps, Action.MARK, now_ns)
        deleted: list[HeldBlock] = []
        try:
            for one in steps:
                if one.action in (Action.DELETE, Action.FORGET):
                    if is_over():
                        done.is_cut_short = True
                        break
                    if not self._take_away(one, period_ns, now_ns, deleted, done):
                        break
        finally:
            if deleted:
                done.deleted += len(deleted)
                done.deleted_bytes += sum(block.size_bytes for block in deleted)
                self._records.tell(tenant, deleted)

    def _period_ns(self, tenant: str, done: Round) -> int:
        """Return the period in force; 0, which keeps all, for one that may not be followed."""
        limits = self._records.limits(tenant)
        wrong = retention_contradiction(limits, self._held_ns)
        if wrong is not None:
            _fail(done, tenant, wrong)
            return 0
        return limits.compactor_blocks_retention_period_ns

    def _move(self, steps: Sequence[Step], action: Action, now_ns: int) -> int:
        blocks = [one.block for one in steps if one.action is action]
        return self._moved(blocks, action, now_ns) if blocks else 0

    def _moved(self, blocks: Sequence[HeldBlock], action: Action, now_ns: int) -> int:
        to = step(blocks[0].state, action)
        assert to is not None, "a row is removed by forget alone"
        return self._records.move(blocks, to, now_ns)

    def _take_away(self, one: Step, period_ns: int, now_ns: int, deleted: list[HeldBlock], done: Round) -> bool:
        """Delete or forget one block; returns whether the tenant's turn may go on."""
        block = one.block
        try:
            if one.action is Action.FORGET:
                self._forget(block)
                return True
            if block.state is BlockState.MARKED:
                if self._records.limits(block.tenant).compactor_blocks_retention_period_ns != period_ns:
                    return False  # changed while this turn went on: the next round plans anew
                self._check(block, now_ns - period_ns)
            began_ns = self._records.now_ns()
            if not self._moved([block], Action.DELETE, began_ns):
                return True  # another round has moved it
            doomed = replace(block, state=BlockState.DELETING, since_ns=began_ns)
            self._delete_objects(doomed)
            if self._moved([doomed], Action.FINISH, self._records.now_ns()):
                deleted.append(block)
        except NotAsItsRowSays as error:
            _fail(done, block.tenant, str(error))
        except StorageError as error:
            _fail(done, block.tenant, f"Block {block.ulid}: {error}.")
            return False  # a bucket in trouble is left alone until the next round
        return True

    def _check(self, block: HeldBlock, cutoff: int) -> None:
        """Make sure, by what lies in the bucket, that this is a block of its tenant and as old as its row says.

        Raises NotAsItsRowSays. Without a meta it is no block any more, and what is left of it may go.
        """
        try:
            meta = BlockMeta.from_json(self._bucket.get(_folder_of(block) + META_FILE), block.ulid)
        except NotFound:
            return
        except BlockDamaged as error:
            raise NotAsItsRowSays(f"Block {block.ulid} is left, for its meta cannot be read: {error}.") from error
        if meta.tenant != block.tenant or meta.max_time_ns >= cutoff:
            raise NotAsItsRowSays(
                f"Block {block.ulid} is left, for its meta says another tenant or time than the catalogue: run "
                "catalogue rebuild."
            )

    def _delete_objects(self, block: HeldBlock) -> bool:
        """Delete what lies in the folder of a block, the meta first: without it no reader takes the rest for a block.

        Returns whether anything was there.
        """
        folder = _folder_of(block)
        keys = sorted(self._bucket.list(folder), key=lambda key: key != folder + META_FILE)
        for key in keys:
            self._bucket.delete(key)
        return bool(keys)

    def _forget(self, block: HeldBlock) -> None:
        """Let go of the row if nothing has come back; what has is deleted, and waited for once more."""
        if self._delete_objects(block):
            self._moved([block], Action.FINISH, self._records.now_ns())
        else:
            self._records.forget(block)


def _folder_of(block: HeldBlock) -> str:
    """Return the beginning of the keys of a block. Raises NotAsItsRowSays for one outside of its tenant's folder."""
    if block.prefix != escape_component(block.tenant):
        raise NotAsItsRowSays(
            f"Block {block.ulid} is left, for its row names the folder {block.prefix!r}, which is not its tenant's."
        )
    return block_key(block.prefix, block.ulid, META_FILE).removesuffix(META_FILE)


def _fail(done: Round, tenant: str, sentence: str) -> None:
    done.failed += 1
    done.problems.append(f"{tenant}: {sentence}")
    log.error("retention_left_something", tenant=tenant, problem=sentence)
