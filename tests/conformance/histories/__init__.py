"""For every duty, how it comes to be owed, how it is proved, how the proof goes; and random histories around it.

Histories are played through the services, so that a fact whose writer forgets to touch is found, and a duty whose
`watches` forgets a row. Facts of the core are written below the loop, which its services cannot touch: in the life of a
site the sweep finds them, and here the step touches them itself. One module per app; a new duty needs an entry in the
`STORIES` of its app's module.
"""

from tests.conformance.histories import (
    care,
    cases,
    contacts,
    discovery,
    measures,
    office,
    outlook,
    resumption,
    teams,
)
from tests.conformance.histories.cases import (
    correct_fact,
    end_case,
    give_word,
    investigate,
    look_at_fever,
    move,
    open_case,
    read_fever,
    receive_result,
    report_again,
    review,
    rule,
    take_sample,
    take_word_back,
    withdraw_fact,
)
from tests.conformance.histories.contacts import (
    close_contact,
    correct_meeting,
    end_isolation,
    isolate,
    look_after,
    measure,
    name_contact,
    see_contact,
    suspect,
    tell_contact,
    withdraw_visit,
)
from tests.conformance.histories.office import (
    appoint,
    break_glass,
    decide_pair,
    dismiss,
    find_cluster,
    judge,
    look_alike,
    lose_grounds,
    review_glass,
    verify,
)
from tests.conformance.histories.stage import HOUR, Stage, Step, Story, a_stage, confirmed

OUTBREAK: tuple[Step, ...] = (
    open_case,
    open_case,
    report_again,
    review,
    take_sample,
    receive_result,
    investigate,
    withdraw_fact,
    correct_fact,
    rule,
    move,
    end_case,
    read_fever,
    look_at_fever,
    name_contact,
    name_contact,
    tell_contact,
    see_contact,
    see_contact,
    close_contact,
    withdraw_visit,
    correct_meeting,
    measure,
    isolate,
    isolate,
    look_after,
    end_isolation,
    suspect,
    give_word,
    take_word_back,
    verify,
)
OFFICE: tuple[Step, ...] = (
    open_case,
    find_cluster,
    find_cluster,
    lose_grounds,
    judge,
    appoint,
    dismiss,
    look_alike,
    decide_pair,
    break_glass,
    review_glass,
    give_word,
    verify,
)


WARD: tuple[Step, ...] = (open_case, open_case, *care.STEPS)


# Acts of several people at once: what one of them may do whatever the others do.
HISTORY_STEPS: tuple[Step, ...] = (
    *OUTBREAK,
    find_cluster,
    lose_grounds,
    judge,
    look_alike,
    decide_pair,
    break_glass,
)


STORIES: dict[str, Story] = {
    **cases.STORIES,
    **contacts.STORIES,
    **discovery.STORIES,
    **care.STORIES,
    **office.STORIES,
    **outlook.STORIES,
    **teams.STORIES,
    **measures.STORIES,
    **resumption.STORIES,
}

__all__ = [
    "HISTORY_STEPS",
    "HOUR",
    "OFFICE",
    "OUTBREAK",
    "STORIES",
    "WARD",
    "Stage",
    "Step",
    "Story",
    "a_stage",
    "confirmed",
    "name_contact",
]
