"""What LadybugDB offers that only reads the graph, or only reckons."""

from __future__ import annotations

from graph.stores.read_only import Harmless

# Left out are readers of files, whatever changes a setting, a sequence or the seed of chance, and graphs that are
# projected into memory.
_PROCEDURES = "db_version show_connection show_functions show_indexes show_sequences show_tables table_info"
_FUNCTIONS = """
    abs acos all any array_append array_cat array_concat array_contains array_cosine_similarity array_cross_product
    array_distance array_dot_product array_extract array_has array_indexof array_inner_product array_position
    array_prepend array_push_back array_push_front array_slice array_squared_distance array_value asin atan atan2 avg
    bitshift_left bitshift_right bitwise_and bitwise_or bitwise_xor blob cardinality cast cbrt ceil ceiling century
    coalesce collect concat concat_ws constant_or_null contains cos cost cot count count_if current_date
    current_timestamp date date_part date_trunc datepart datetrunc dayname decimal decode degrees duration element_at
    encode end_node ends_with endnode epoch_ms even exists exp factorial floor gamma gen_random_uuid greatest hash
    histogram id ifnull initcap internal_id interval is_acyclic is_trail keys label labels last_day lcase least left
    length levenshtein lgamma list_any_value list_append list_cat list_concat list_contains list_creation list_distinct
    list_element list_extract list_filter list_has list_has_all list_has_any list_indexof list_max list_min
    list_position list_prepend list_product list_reduce list_reverse list_reverse_sort list_slice list_sort list_sum
    list_to_string list_transform list_unique ln log log10 log2 lower lpad ltrim make_date map map_extract map_keys
    map_values max md5 min monthname negate nodes none nullif octet_length offset percentilecont percentiledisc pi pow
    prefix properties radians random range regexp_extract regexp_extract_all regexp_full_match regexp_matches
    regexp_replace regexp_split_to_array relationships rels repeat replace reverse right round rpad rtrim sha256 sign
    sin single size split_part sqrt start_node startnode starts_with str_split string string_split string_to_array
    struct_extract struct_pack substr substring suffix sum tan time_bucket timestamp to_blob to_bool to_date to_days
    to_double to_epoch_ms to_float to_hours to_int128 to_int16 to_int32 to_int64 to_int8 to_interval to_microseconds
    to_milliseconds to_minutes to_months to_seconds to_serial to_string to_timestamp to_uint128 to_uint16 to_uint32
    to_uint64 to_uint8 to_uuid to_years tolower toupper trim typeof ucase union_extract union_tag union_value upper uuid
"""

HARMLESS = Harmless(frozenset(_PROCEDURES.split()), frozenset(_FUNCTIONS.split()))
