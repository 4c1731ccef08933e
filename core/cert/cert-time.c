/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <time.h>

#include "core/base/cleanup.h"
#include "core/cert/cert-internal.h"

static bool two_digits(struct bytes *in, unsigned *ret)
{
	uint8_t a, b;

	if (!bytes_u8(in, &a) || !bytes_u8(in, &b) || a < '0' || a > '9' || b < '0' ||
	    b > '9')
		return false;
	*ret = (unsigned)(a - '0') * 10 + (unsigned)(b - '0');
	return true;
}

static unsigned days_in(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool year_of(struct bytes *in, uint8_t tag, unsigned *ret)
{
	unsigned high, low;

	if (tag == BER_UTCTIME) {
		if (in->len != 13 || !two_digits(in, &low))
			return false;
		*ret = low + (low >= 50 ? 1900 : 2000);
		return *ret >= 1970;
	}
	if (in->len != 15 || !two_digits(in, &high) || !two_digits(in, &low))
		return false;
	*ret = high * 100 + low;
	return *ret >= 2050; /* 1950 to 2049 must be UTCTime, earlier is refused */
}

bool cert_time_parse(const struct ber *t, struct cert_time *ret)
{
	struct bytes in = ber_inside(t);
	unsigned year, v[5];
	uint8_t zone;

	if (!year_of(&in, t->tag, &year))
		return false;
	for (size_t i = 0; i < array_size(v); i++)
		if (!two_digits(&in, &v[i]))
			return false;
	if (!bytes_u8(&in, &zone) || zone != 'Z' || v[0] < 1 || v[0] > 12 || v[1] < 1 ||
	    v[1] > days_in(year, v[0]) || v[2] > 24 || v[3] > 59 || v[4] > 60)
		return false;
	ret->known = true;
	ret->seconds = timegm(&(struct tm){.tm_year = (int)year - 1900,
					   .tm_mon = (int)v[0] - 1,
					   .tm_mday = (int)v[1],
					   .tm_hour = (int)v[2],
					   .tm_min = (int)v[3],
					   .tm_sec = (int)v[4]});
	return true;
}

const char *cert_date(const struct cert_time *t, char buf[24])
{
	time_t seconds = (time_t)t->seconds;
	struct tm tm;

	buf[0] = '\0';
	if (t->known && gmtime_r(&seconds, &tm))
		(void)strftime(buf, 24, "%Y-%m-%d", &tm);
	return buf;
}
