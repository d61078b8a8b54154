"""Contacts found from visits: searched around an opened case only, confirmed by a person, deleted when the time is over."""
