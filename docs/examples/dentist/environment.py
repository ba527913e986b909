"""A dentist's appointments: patients ring up, a simulated user among them."""

import re
from typing import Any

from sca.environment import Environment, Start, ToolError, check, read, write


class Dentist(Environment):
    """The telephone desk of a dentist: find patients, and move or cancel their appointments."""

    counts = "both"
    user = True
    themes = ("an earlier time", "a cancellation", "a question about an appointment", "what only a person can decide")

    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        """A patient each."""
        return [Start(patient_id) for patient_id in state["patients"]]

    @classmethod
    def redacted(cls, state: Any, start: Start, instruction: str) -> str:
        """Without appointment ids, which no patient knows; day and time say which one is meant."""
        return re.sub(r"\s*\(?\bA\d+\b\)?", "", instruction)

    @read
    def find_patient(self, name: str, birthday: str) -> str:
        """Return the id of the patient with this full name and birthday (YYYY-MM-DD)."""
        for patient_id, patient in self.state["patients"].items():
            if (patient["name"].lower(), patient["birthday"]) == (name.strip().lower(), birthday):
                return str(patient_id)
        raise ToolError("no patient has this name and birthday; ask for both once more")

    @read
    def list_appointments(self, patient_id: str) -> dict[str, Any]:
        """Return a patient's appointments by id, each with time (YYYY-MM-DD HH:MM), reason and status."""
        if patient_id not in self.state["patients"]:
            raise ToolError(f"there is no patient {patient_id!r}; find_patient(name, birthday) first")
        return {key: one for key, one in self.state["appointments"].items() if one["patient_id"] == patient_id}

    @read
    def list_free_times(self) -> list[str]:
        """Return the times that are free, the earliest first."""
        return list(self.state["free_times"])

    @write
    def move_appointment(self, appointment_id: str, time: str) -> dict[str, Any]:
        """Move a booked appointment to a free time, and return it; its old time is free then."""
        appointment = self._booked(appointment_id)
        if time not in self.state["free_times"]:
            raise ToolError(f"{time} is not free; list_free_times() says what is")
        self.state["free_times"] = sorted({*self.state["free_times"], appointment["time"]} - {time})
        appointment["time"] = time
        return appointment

    @write
    def cancel_appointment(self, appointment_id: str) -> dict[str, Any]:
        """Cancel a booked appointment, and return it; its time is free then."""
        appointment = self._booked(appointment_id)
        appointment["status"] = "cancelled"
        self.state["free_times"] = sorted({*self.state["free_times"], appointment["time"]})
        return appointment

    @write(ends=True)
    def hand_over(self, reason: str) -> str:
        """Put the caller through to a person, who is told the reason. The conversation ends."""
        self.marks["handed_over"] = True
        return "put through"

    @check
    def handed_over(self) -> bool:
        """Whether the caller was put through to a person."""
        return bool(self.marks.get("handed_over"))

    def _booked(self, appointment_id: str) -> dict[str, Any]:
        appointment: dict[str, Any] | None = self.state["appointments"].get(appointment_id)
        if appointment is None or appointment["status"] != "booked":
            raise ToolError(f"{appointment_id} is no booked appointment; list_appointments(patient_id) has them")
        return appointment
