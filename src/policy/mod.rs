//! HOW OFTEN and HOW LATE: numbers and small pure functions.
