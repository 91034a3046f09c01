const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The three forms that RFC 9110 §5.6.7 has a recipient accept. The day's name is not checked against the date. */
const FORMS = [
  /^\w{3}, (?<day>\d\d) (?<month>\w{3}) (?<year>\d{4}) (?<hours>\d\d):(?<minutes>\d\d):(?<seconds>\d\d) GMT$/,
  /^\w{6,9}, (?<day>\d\d)-(?<month>\w{3})-(?<year>\d\d) (?<hours>\d\d):(?<minutes>\d\d):(?<seconds>\d\d) GMT$/,
  /^\w{3} (?<month>\w{3}) (?<day>[ \d]\d) (?<hours>\d\d):(?<minutes>\d\d):(?<seconds>\d\d) (?<year>\d{4})$/,
];

const FIFTY_YEARS = 50;
/** A leap second is a second that the calendar does not have: it counts as the next minute's first. */
const LEAP_SECOND = 60;

/**
 * An HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`, or one of the two obsolete forms) as wall-clock ms. Undefined for anything
 * else, a 31st of February among it.
 *
 * @param thisYear what a year of two digits is read near: more than 50 years ahead means the century before
 */
export function parseHttpDate(text: string, thisYear: number): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts !== undefined) return toMs(parts, thisYear);
  }
  return undefined;
}

function toMs(parts: Record<string, string>, thisYear: number): number | undefined {
  const { day, month, year, hours, minutes, seconds } = parts as Record<
    'day' | 'month' | 'year' | 'hours' | 'minutes' | 'seconds',
    string
  >;
  const fullYear = year.length === 2 ? nearYear(Number(year), thisYear) : Number(year);
  const monthIndex = MONTHS.indexOf(month);
  const dateMs = Date.UTC(fullYear, monthIndex, Number(day));
  if (monthIndex === -1 || new Date(dateMs).getUTCDate() !== Number(day)) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > LEAP_SECOND) return undefined;
  return dateMs + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
}

function nearYear(twoDigits: number, thisYear: number): number {
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + FIFTY_YEARS ? year - 100 : year;
}
