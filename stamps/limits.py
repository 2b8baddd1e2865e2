"""Every limit of a record, by name, unit last (records 1.4, 1.6, 2.1, 2.6, 3.1, 5.2, 6).

Text is counted in code points, except where the name says bytes. It refuses to hold rules: the
modules that apply a limit cite the clause.
"""

VERSION = 1

# records 1.4: the record and its containers
RECORD_BYTES_MAX = 16 * 1024
DEPTH_MAX = 8
CONTAINER_ENTRIES_MAX = 1_000

# records 1.6: the canonical profile
INTEGER_MAX = 2**53 - 1
INTEGER_MIN = -INTEGER_MAX
INTEGER_DIGITS_MAX = 16
KEY_CHARS_MAX = 64

# records 1.1: the envelope's fields
KIND_CHARS_MAX = 32
ABOUT_CHARS_MAX = 160
AFTER_IDS_MAX = 8
AT_MIN_US = 1_577_836_800_000_000
ID_HEX_CHARS = 64
SIGNATURE_BYTES = 64
PUBLIC_ID_HEX_CHARS = 40
PREFIX_CHARS_MIN = 4

# records 1.4: texts
HANDLE_CHARS_MAX = 64
TITLE_CHARS_MAX = 200
PROJECT_CHARS_MAX = 64
TYPE_CHARS_MAX = 32
PRIORITY_MAX = 4
TAGS_MAX = 32
TAG_CHARS_MAX = 64
SKILL_CHARS_MAX = 64
NAME_CHARS_MAX = 255
MESSAGE_CHARS_MAX = 500
REASON_CHARS_MAX = 500
NOTE_BYTES_MAX = 4 * 1024
DESCRIPTION_BYTES_MAX = 12 * 1024
EVIDENCE_VALUE_BYTES_MAX = 4 * 1024
LABEL_CHARS_MAX = 64

# records 5.2: leases and bids
LEASE_MIN_S = 300
LEASE_MAX_S = 90 * 86_400
LEASE_DEFAULT_S = 86_400
BID_DEFAULT_US = 48 * 3_600 * 1_000_000

# records 3.1, 3.2: the account log
LOG_SEQ_MAX = 1_024
ROTATION_KEYS_MAX = 5

# records 6: a stamp
DIMENSION_MIN = 1
DIMENSION_MAX = 5
CONFIDENCE_MAX = 100
STAMP_SKILLS_MAX = 16

# records 2.1, 2.6: clocks
AT_AHEAD_MAX_US = 10 * 60 * 1_000_000
SIGN_AHEAD_MAX_US = 60 * 1_000_000
DRIFT_WARN_US = 60 * 1_000_000
DRIFT_REFUSE_US = 8 * 60 * 1_000_000
