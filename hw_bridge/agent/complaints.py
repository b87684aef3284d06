"""What a unit complains about, and for how long (VDA 5050, section 6.6.5)."""

from __future__ import annotations

from collections.abc import Mapping

from hw_bridge.agent.motors import Senses, Trouble
from hw_bridge.agent.refusal import Refusal
from hw_bridge.vda5050.state import Error, ErrorLevel, ErrorReference

INVALID_INSTANT_ACTION = "INVALID_INSTANT_ACTION"
LOCALIZATION_ERROR, LOW_BATTERY = "LOCALIZATION_ERROR", "LOW_BATTERY"
HINTS = {
    Trouble.NO_POD: "see which pod stands here",
    Trouble.POD_IN_THE_WAY: "clear the floor under the pod",
    Trouble.LIFT_FAILED: "look at the lift",
    Trouble.PATH_BLOCKED: "clear the way",
    Trouble.LOST_PLACE: "put the unit on a marker",
    Trouble.BROKEN: "repair the unit",
}
MAX_TEXT = 500


class Complaints:
    """Those about messages, one of each type, the latest. has_news: they have changed."""

    def __init__(self) -> None:
        self._of_messages: dict[str, Error] = {}
        self.has_news = False

    def refuse(self, refusal: Refusal, references: Mapping[str, str]) -> None:
        self._note(refusal.why, refusal.why.level, refusal.text, refusal.hint, references)

    def refuse_instant(self, error_type: str, text: str, action_id: str) -> None:
        self._note(error_type, ErrorLevel.WARNING, text, "", {"actionId": action_id})

    def _note(
        self, error_type: str, level: ErrorLevel, text: str, hint: str,
        references: Mapping[str, str],
    ) -> None:  # fmt: skip
        error = Error(
            error_type=str(error_type),
            error_level=level,
            error_description=text[:MAX_TEXT],
            error_hint=hint[:MAX_TEXT],
            error_references=tuple(
                ErrorReference(reference_key=key, reference_value=value[:MAX_TEXT])
                for key, value in references.items()
            ),
        )
        self.has_news |= self._of_messages.get(error.error_type) != error
        self._of_messages[error.error_type] = error

    def forget_orders(self) -> None:
        """An order was accepted."""
        kept = {INVALID_INSTANT_ACTION: self._of_messages.get(INVALID_INSTANT_ACTION)}
        self._of_messages = {name: error for name, error in kept.items() if error is not None}

    def forget(self, *error_types: str) -> None:
        for error_type in error_types:
            self.has_news |= self._of_messages.pop(error_type, None) is not None

    def errors(self, senses: Senses, low_charge: float) -> tuple[Error, ...]:
        """These, and what is wrong with the unit itself."""
        own = _own_errors(senses, low_charge) if _is_unwell(senses, low_charge) else ()
        return (*own, *self._of_messages.values())


def _is_unwell(senses: Senses, low_charge: float) -> bool:
    return bool(senses.trouble or not senses.is_localised or senses.charge < low_charge)


def _own_errors(senses: Senses, low_charge: float) -> tuple[Error, ...]:
    errors = []
    if senses.trouble is not None:
        is_fatal = senses.trouble in (Trouble.LOST_PLACE, Trouble.BROKEN)
        errors.append(
            Error(
                error_type=senses.trouble.value,
                error_level=ErrorLevel.FATAL if is_fatal else ErrorLevel.CRITICAL,
                error_hint=HINTS[senses.trouble],
            )
        )
    if not senses.is_localised:
        errors.append(
            Error(
                error_type=LOCALIZATION_ERROR,
                error_level=ErrorLevel.FATAL,
                error_hint=HINTS[Trouble.LOST_PLACE],
            )
        )
    if senses.charge < low_charge:
        errors.append(Error(error_type=LOW_BATTERY, error_level=ErrorLevel.URGENT))
    return tuple(errors)
