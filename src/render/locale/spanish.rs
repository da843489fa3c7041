//! The words of Spanish.

use super::{Counted, Words};

pub(super) const SPANISH: Words = Words {
    tag: "es",
    weekdays: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    minutes: Counted { one: "minuto", other: "minutos" },
    hours: Counted { one: "hora", other: "horas" },
    days: Counted { one: "día", other: "días" },
    now: "ahora",
    ahead: ["dentro de ", ""],
    ago: ["hace ", ""],
    yesterday: "ayer",
    today: "hoy",
    tomorrow: "mañana",
    date: |day, month, year| format!("{day} de {month} de {year}"),
    clock: |hour, minute| format!("{hour:02}:{minute:02}"),
    // One o'clock is singular.
    at: |hour| if hour == 1 { " a la " } else { " a las " },
};
