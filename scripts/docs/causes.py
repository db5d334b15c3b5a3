"""Cause and cure of each message of the tap, for docs/errors.md.

A message is identified by a unique part of its pattern (see `messages`), or by the whole pattern.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """`part` is a part of the message's pattern; `cause` and `cure` are Markdown in a table."""

    part: str
    cause: str
    cure: str


CAUSES: dict[str, tuple[Cause, ...]] = {
    "Command line": (
        Cause(
            "use only one of --",
            "Each of these options is a separate command.",
            "Run the tap once for each.",
        ),
        Cause(
            "reads no settings, catalog or state",
            "`--init` and `--about` use neither a store nor a catalog.",
            "Omit the options in the message.",
        ),
        Cause(
            "--start-date is only valid with --init",
            "`--start-date` was given for a sync or another command.",
            "Set `start_date` in the config.",
        ),
        Cause(
            "--init writes one config",
            "`--config` was given twice, or as `ENV`.",
            "Give it once, with the name of the file to write.",
        ),
        Cause(
            "--force is only valid with",
            "There is no file that `--force` could overwrite.",
            "Omit `--force`.",
        ),
        Cause(
            "--format is only valid with --check and --about",
            "All other commands have one output format.",
            "Omit `--format`. For the log, use `--log-format`.",
        ),
        Cause(
            "--check supports --format text and json only",
            "`--check` cannot write Markdown.",
            "Choose `text` or `json`.",
        ),
        Cause(
            "--report is only valid for a sync",
            "The other commands have nothing to report.",
            "Omit `--report`.",
        ),
        Cause(
            "--test does not use a state",
            "A test neither uses nor writes a state.",
            "Omit `--state`.",
        ),
        Cause(
            "--full-refresh is only valid for a sync",
            "The other commands do not use the bookmarks.",
            "Omit `--full-refresh`.",
        ),
        Cause(
            "--progress-every must be a number of seconds above 0",
            "The value is 0, negative or far too large.",
            "Use, for example, 30.",
        ),
    ),
    "Settings": (
        Cause(
            "is in the future: no record",
            "A start date that has not come yet, mostly a mistake in the year or in the order of "
            "day and month.",
            "Correct it: dates are written as 2024-01-31.",
        ),
        Cause(
            "The … file … is a …: give it with --….",
            "Two files were mixed up: config, catalog and state have an option each.",
            "Use the option that the message names.",
        ),
        Cause(
            "The settings cannot be used",
            "One or more settings are missing or not valid. Every mistake is listed below it.",
            "Correct each setting in the list. The [settings](settings.md) say what each may be.",
        ),
        Cause(
            "… is missing: …",
            "A setting without which nothing can be read is in no config file and not in the "
            "environment.",
            "Add it to the file, or set `TAP_BIGCOMMERCE_` and its name in capitals.",
        ),
        Cause(
            "are read in every sync: it has no replication key",
            "`streams` has a date or a lookback for a stream without dates.",
            "Remove it.",
        ),
        Cause(
            "streams.… should be an object with",
            "The settings of a stream are not an object.",
            "Write them as the message says.",
        ),
        Cause(
            "streams.… has no setting",
            "A name in the settings of a stream is not a setting. It may be a typing error.",
            "Correct the name, or remove it.",
        ),
        Cause(
            "start_date is after end_date",
            "There is nothing between the two dates of a stream.",
            "Swap them.",
        ),
        Cause(
            "activate_version cannot be set together with store_hash_column",
            "ACTIVATE_VERSION removes all rows of other versions, also those of other stores.",
            "Leave `activate_version` off.",
        ),
        Cause(
            "store_hash and access_token seem to be swapped",
            "The value of `store_hash` is as long as a token, the other is not.",
            "Swap them.",
        ),
        Cause(
            "hash_fields needs hash_salt",
            "Without a secret, anybody could find the value of a pseudonym by trying.",
            "Set `hash_salt`.",
        ),
        Cause(
            "… should be …",
            "A setting has a value that is not valid. The value of a secret is not shown.",
            "Write it as the message says.",
        ),
        Cause(
            "legacy API account",
            "The config or credentials file is of a legacy API account (user name and API key).",
            "Create a store-level API account, and use its credentials file.",
        ),
        Cause(
            "as the file or folder of trusted certificates",
            "`REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE` names a file that is missing, may not be "
            "read, or holds no certificate.",
            "Correct the variable, or remove it: then the certificates that come with requests "
            "count.",
        ),
        Cause(
            "There is no setting",
            "A name in the config is not a setting of the tap. It may be a typing error.",
            "Correct the name, or remove it. The run continues without it.",
        ),
        Cause(
            "should hold one JSON object",
            "The config file is JSON, but not an object.",
            "Put the settings between `{` and `}`.",
        ),
        Cause(
            "file … cannot be read",
            "The config, catalog or state does not exist, is not readable for this user, or is not "
            "JSON: the message says which, and in which line. A failed "
            "`--discover > catalog.json` leaves an empty catalog; a state is not JSON when a "
            "target wrote a line for each STATE, or was stopped in the middle of one.",
            "Check the path, relative to the folder where the command runs, and the permissions; "
            "or correct the line. JSON must not have comments or duplicate names. Write a new "
            "catalog with `--discover`. Of a state keep only the last complete line: "
            "`tail -n 1`. For a first sync omit `--state`.",
        ),
        Cause(
            "The config file … is empty",
            "A failed `--init … > config.json` leaves such a file.",
            "Run `--init` again, and read its messages.",
        ),
    ),
    "Deletions": (
        Cause(
            "the API's count is not available",
            "`--audit` asked the API how many records it has, and got no number.",
            "Nothing: the list is still compared with what was written. The message says why.",
        ),
        Cause(
            "so nothing is reported as deleted",
            "The list has more records than it shows, which `accept_incomplete` accepts. Records "
            "that it does not show may still exist.",
            "Nothing. Take the name out of `accept_incomplete` once the list is complete again.",
        ),
        Cause(
            "needs the package pyroaring",
            "The package pyroaring, which sets of ids need, is not in the tap's environment.",
            "`pip install pyroaring`, into the tap's own environment.",
        ),
        Cause(
            "deletes_limit allows",
            "So many records are missing that a lost permission or a filter is more likely than a "
            "deletion. None is reported.",
            "Check in the control panel whether they exist. If they were deleted, run the sync "
            "once with a larger `deletes_limit`.",
        ),
        Cause(
            "the API answered with the id",
            "The API was asked for certain ids and returned another one: its filter does not work.",
            "Run the sync again. If the error stays, ask BigCommerce's support.",
        ),
        Cause(
            "more than deletes_state_limit",
            "The set of a stream's ids has grown too large for the state.",
            "Set `deletes_path` to a folder that exists in every run, raise "
            "`deletes_state_limit`, or switch `detect_deletes` off. Nothing has to be read again "
            "by hand.",
        ),
        Cause(
            "no ACTIVATE_VERSION is sent",
            "`activate_version` and `channel_ids` are both set. Records of other channels are not "
            "read, so a version would remove them from the target.",
            "Set only one of the two. Streams with ids can have tombstones: `detect_deletes`.",
        ),
        Cause(
            "cannot be written to deletes_path",
            "The folder is missing, or its disk is full.",
            "Correct that. The records have been written, and the next sync reads the stream from "
            "its start.",
        ),
        Cause(
            "so that deletions cannot be detected",
            "The API sent an id below 0 or above 2^64, which no set of ids can hold.",
            "Send the line to BigCommerce's support, and switch `detect_deletes` off until then.",
        ),
        Cause(
            "is not a folder where files can be written",
            "The folder of `deletes_path` is missing, or this user may not write there.",
            "Correct the setting, or the folder's permissions.",
        ),
        Cause(
            "but no deletes_path is set",
            "The state says that the ids are in a file, but the setting that names its folder is "
            "not set any more.",
            "Set `deletes_path` to the folder that it named before.",
        ),
        Cause(
            "which cannot be read (…). Restore the right file",
            "The file with a stream's ids is missing or not readable, or the file and the state "
            "are from different runs.",
            "Restore the file that belongs to the state, or the state that belongs to the file. "
            "Or remove the stream's ids from the state: the stream is then read from its start.",
        ),
        Cause(
            "set of ids of … is damaged",
            "The part of the state that holds the ids was changed or truncated.",
            "Use the state of the last run as the target wrote it.",
        ),
        Cause(
            'The state\'s "deletes" of … is damaged',
            "That part of the state file was edited.",
            "Remove it. The stream is then read from its start.",
        ),
        Cause(
            'in the state\'s "deletes" of … should be a whole number',
            "That part of the state file was edited.",
            "Remove it.",
        ),
    ),
    "Credentials file (`--init`)": (
        Cause(
            "already exists and was not changed",
            "The file of `--config` exists. It may have the token of another account.",
            "Give a new file, or add `--force` to overwrite this one.",
        ),
        Cause(
            "The output contains the access token",
            "`--init` writes the config to a terminal, which may keep it.",
            "Add `--config` and the name of a new file.",
        ),
        Cause(
            "The config … cannot be written",
            "`--config` is not a regular file, or its folder is not writable for this user.",
            "Give a file in a folder of your own.",
        ),
        Cause(
            "Cannot make a config from",
            "The credentials file or the start date is not valid. Every mistake is listed below "
            "it; no line of the file is shown, because it may be a secret.",
            "Correct each line in the list, or download the file of a new API account.",
        ),
        Cause(
            "the line with the API path is missing",
            "The file has no `API PATH:`, or no value after it.",
            "Copy the API path from the control panel into the file.",
        ),
        Cause(
            "the line with the access token is missing",
            "The file has no `ACCESS TOKEN:`, or no value after it.",
            "Use the file as it was downloaded. The control panel shows a token only once: make a "
            "new API account if it is lost.",
        ),
        Cause(
            "it is not a credentials file of BigCommerce",
            "The file is empty, or not a credentials file.",
            "Use the file that was downloaded when the API account was made.",
        ),
        Cause(
            "the API path is not as expected",
            "The API path is truncated, or of another kind.",
            "It should look as the message shows.",
        ),
        Cause(
            "its value is not shown",
            "The token has a character that tokens never have, perhaps from an editor.",
            "Use the file as it was downloaded.",
        ),
        Cause(
            "twice, with different values",
            "The file has the same line with two values, perhaps those of two accounts.",
            "Remove one of them.",
        ),
        Cause(
            "Cannot read …: ….",
            "The credentials file does not exist, or is not readable for this user.",
            "Check the path and the permissions of the file.",
        ),
        Cause(
            "--start-date should be",
            "`--start-date` is not a date.",
            "Write it as the message says.",
        ),
        Cause(
            "The API path in the file is not at api.bigcommerce.com",
            "The API path in the file has another host, which becomes the setting `api_url`.",
            "Nothing, if you know that host. Otherwise do not use the file.",
        ),
    ),
    "Access": (
        Cause(
            "Nothing of the store",
            "`--discover` or `--check` requested every list, and none of the requests succeeded.",
            "Compare `store_hash` with the API path of the account. If it is correct, try later.",
        ),
        Cause(
            "Check that access_token is complete",
            "The API rejected the token: it was not copied completely, belongs to another store, "
            "or its account has been deleted.",
            "Copy it again, compare `store_hash`, or create a new account.",
        ),
        Cause(
            "The API account of this token most likely lacks the permission",
            "The API account may not read this list (403).",
            "Create a new API account with the named permission, and put its token into the "
            "config. Or remove the stream from the catalog.",
        ),
        Cause(
            "because the API account most likely lacks the permission",
            "Discovery was refused these lists (403), so the catalog does not offer their streams.",
            "Nothing, if you do not need them. Otherwise as above.",
        ),
        Cause(
            "because this store does not have their lists",
            "There is nothing at the addresses of these lists (404, 405, 410 or 501), while others "
            "answer, so the catalog does not offer their streams.",
            "Nothing. If the store gets them later, write the catalog again with `--discover`.",
        ),
        Cause(
            "The token cannot read any stream",
            "The API account has none of the permissions.",
            "Make a new API account with the permissions that the warnings name.",
        ),
        Cause(
            "Check store_hash. If it is correct",
            "There is nothing at this address (404). For a list, that mostly means a wrong "
            "`store_hash`, or a part of the API that this store does not have.",
            "Compare `store_hash` with the API path of the account. If other streams work, remove "
            "the stream from the catalog.",
        ),
        Cause(
            "The store does not have this list: remove the stream from the catalog",
            "The API does not offer this list for this store (405, 410 or 501).",
            "Remove the stream from the catalog.",
        ),
        Cause(
            "the time limit of --check and --discover",
            "`--discover` and `--check` wait for all their responses no longer than this.",
            "Try again. If it happens again, ask BigCommerce's support about the list.",
        ),
        Cause(
            "it is unknown whether these streams can be read",
            "Discovery could not read a list at present. The rest of the message says why.",
            "See the reason in the message. Run the discovery again later.",
        ),
    ),
    "Catalog": (
        Cause(
            "No stream is selected",
            'Every stream in the catalog has `"selected": false`, the catalog is empty, or rules '
            "of `select` exclude the others.",
            'Set `"selected": true` in the metadata of a stream, at the breadcrumb `[]`, or see '
            "with `--list` what the rules select.",
        ),
        Cause(
            "The rules cannot be used",
            "A rule of `select`, `--select` or `hash_fields` matches no field of any stream; or "
            "`hash_fields` names keys, or streams instead of fields.",
            "Correct it; the message suggests the most similar name. "
            "See [Selecting and excluding](selecting.md).",
        ),
        Cause(
            "of hash_fields names streams, not fields",
            "Only the values of fields can be hashed.",
            "Name its fields, as the message says.",
        ),
        Cause(
            "hash_fields names keys or replication keys",
            "Keys identify records, and a replication key says where the next sync starts.",
            "Exclude them, as the message says.",
        ),
        Cause(
            "hash_fields only excludes",
            "All rules of `hash_fields` begin with `!`, so no field would be hashed.",
            "Add the fields to hash, or `personal`.",
        ),
        Cause(
            "has no effect: keys and replication keys are always selected",
            "A rule with `!` matches only fields without which a stream cannot be loaded.",
            "Remove the rule, or exclude the stream.",
        ),
        Cause(
            "The catalog's entry for",
            "Something in the catalog has no effect: the breadcrumb of a field that does not "
            "exist, a selection that is neither true nor false, another key or name, or a selected "
            "field with no selected field in it.",
            "Correct it as the message says. The catalog that `--discover` writes has all streams "
            "and fields.",
        ),
        Cause(
            'should hold {"streams": [...]}',
            "The file that was given with `--catalog` is JSON, but no catalog.",
            "Write it again with `--discover`.",
        ),
        Cause(
            "The catalog has a stream",
            "The catalog comes from another tap or a newer version.",
            "Remove the entry, or write the catalog again. The other streams are read.",
        ),
        Cause(
            "is not a valid JSON schema with properties",
            "A tool or a person has removed or damaged the stream's schema.",
            "Write the catalog again, and select again.",
        ),
        Cause(
            "The catalog's replication-method",
            "The stream's metadata have a method that does not exist.",
            "Use one of the two, or remove the line.",
        ),
        Cause(
            "without which the stream cannot be read",
            "The key or the replication key is missing in the stream's schema.",
            'Write the catalog again. To leave fields out, use `"selected": false`.',
        ),
        Cause(
            "The catalog's metadata of",
            "The metadata are not in Singer's format.",
            "Write the catalog again, and select again.",
        ),
    ),
    "State": (
        Cause(
            "The state has no bookmark of a stream of this tap",
            "The state was written by another tap, or is empty: the run before wrote none, for "
            "example because its target failed.",
            "If everything is to be read, omit `--state`. Otherwise use the last state that this "
            "tap wrote.",
        ),
        Cause(
            "so it is none of this tap",
            "Another file, such as the state of another program, was given as the state.",
            "Use the last line that the target wrote, or omit `--state`.",
        ),
        Cause(
            "is in the future, so nothing new is read until then",
            "The bookmark was edited, or the store once had a record with such a date.",
            "Correct it in the state file, or read the stream again with `--full-refresh`.",
        ),
        Cause(
            "The state belongs to",
            "The state file is of another store. With its bookmarks, records would be missing.",
            "Use a separate state file for each store.",
        ),
        Cause(
            "The state's bookmark of",
            "The date in the state file was edited.",
            "Correct it or remove it, as the message says.",
        ),
        Cause(
            'The state\'s "retry" of',
            "The list of records that the last run could not read was edited.",
            "Remove it and the stream's bookmark, as the message says.",
        ),
        Cause(
            "The state's resume point of",
            "The position where a stopped run resumes was edited.",
            "Remove it, as the message says.",
        ),
        Cause(
            'The state\'s "bookmarks" should hold',
            "The state is not in Singer's format.",
            "Use the last line that the target wrote, or none to read everything.",
        ),
        Cause(
            "The state should be a JSON object",
            "The state file holds a list, a text or a number.",
            "Use the last line that the target wrote, or none to read everything.",
        ),
    ),
    "Requests": (
        Cause(
            "retrying in … s",
            "A request failed with a fault that is mostly temporary. The message says which.",
            "Nothing: the tap retries. If it happens all day, see the row of that fault.",
        ),
        Cause(
            "…: GET … failed: ….",
            "Every failed request begins so: stream, address, reason.",
            "See what follows it, and the row of the reason.",
        ),
        Cause(
            "This was attempt",
            "A fault lasted longer than `max_attempts` attempts and `max_retry_seconds` seconds.",
            "Run the sync again later. In an outage of hours raise `max_retry_seconds`.",
        ),
        Cause(
            "in a row",
            "Every response was 429, for `max_attempts` times and `max_retry_seconds` seconds.",
            "See which other apps use the store's quota; then run the sync again.",
        ),
        Cause(
            "No stream can be read from",
            "All attempts of a request failed, no other request succeeded during that time, and a "
            "last request, for the store's time, failed, too. All other streams fail at once.",
            "See the row of its reason, then try `curl -sI https://api.bigcommerce.com` from this "
            "machine.",
        ),
        Cause(
            "Retrying would not help",
            "The API rejects the request for a reason that is not temporary.",
            "See the row of the status below, and what the API says.",
        ),
        Cause(
            "Not even the single record at",
            "A page failed at every size down to one record, with its nested lists and without.",
            "Look at the record in the control panel. If it is fine, send the lines to "
            "BigCommerce's support.",
        ),
        Cause(
            "no response in time",
            "The API did not respond within `request_timeout` seconds. The tap then requests "
            "smaller pages.",
            "If it happens often, lower `page_size`, or raise `request_timeout`.",
        ),
        Cause(
            "the response was incomplete after",
            "A response may take four times `request_timeout` in total. The tap then requests "
            "fewer rows.",
            "If it happens often, look for a proxy that delays responses, or raise "
            "`request_timeout`.",
        ),
        Cause(
            "the response has more than",
            "A response is larger, decompressed, than `max_answer_mb` allows, even with the "
            "smallest number of rows.",
            "Look at the record in the control panel. If it is really so large, raise "
            "`max_answer_mb`.",
        ),
        Cause(
            "no connection could be made",
            "Nothing listens at the address, its name is unknown, or a firewall blocks it.",
            "Try `curl -sI https://api.bigcommerce.com` from this machine. Behind a proxy set "
            "`HTTPS_PROXY`.",
        ),
        Cause(
            "the connection failed",
            "The network connection to the API broke during a request.",
            "Try `curl -sI https://api.bigcommerce.com` from this machine. Behind a proxy set "
            "`HTTPS_PROXY`.",
        ),
        Cause(
            "the API's certificate could not be verified",
            "A proxy decrypts TLS, and its certificate is not trusted on this machine.",
            "Name its certificate file in `REQUESTS_CA_BUNDLE`.",
        ),
        Cause(
            "the response was cut off",
            "The connection ended before the response was complete. The tap retries, with fewer "
            "rows if necessary.",
            "Nothing, unless it happens often: then lower `page_size`.",
        ),
        Cause(
            "the response is empty, where an object was expected",
            "The API responded with 204, which is for lists without rows.",
            "Nothing, unless it happens often: then send the lines to BigCommerce's support.",
        ),
        Cause(
            "the response's Content-Length is not a number",
            "A proxy between the tap and the API changes headers.",
            "Look for a proxy. If there is none, send the lines to BigCommerce's support.",
        ),
        Cause(
            "a content encoding that was not requested",
            "The tap accepts gzip or no compression, and nothing that is compressed twice.",
            "Look for a proxy that compresses responses.",
        ),
        Cause(
            "the response's compression is damaged",
            "The response was damaged on the way.",
            "Nothing, unless it happens often: then check for a proxy between the tap and the API.",
        ),
        Cause(
            "the response is not JSON",
            "A gateway or a proxy responded with an HTML page.",
            "Nothing, unless it happens often: then find out what responds at this address.",
        ),
        Cause(
            "the response has an unexpected structure",
            "The response is JSON, but not a list of rows.",
            "As above; also check `api_url`.",
        ),
        Cause(
            "the request could not be sent",
            "The address or a header is invalid.",
            "Check `api_url`, `user_agent` and `access_token`.",
        ),
    ),
    "Data": (
        Cause(
            "are new to the schema or do not fit it; they are in",
            "The API sends a field that this version does not know, or a value of another type.",
            "Nothing is lost: see [`_rescued_data`](records.md#what-does-not-fit-_rescued_data). A "
            "newer version of the tap may know the field.",
        ),
        Cause(
            "and were dropped",
            "As above, but `_rescued_data` is not selected, or the value may contain fields that "
            "you have not selected.",
            "Select `_rescued_data`.",
        ),
        Cause(
            "The report",
            "`--report` names a folder, a device, a pipe, a broken link, or a file in a folder "
            "that is not writable. An existing file is not changed.",
            "Use a new file, or the report of an earlier run, in a writable folder.",
        ),
        Cause(
            "cannot be written: …. The stream stops here",
            "A record has no key, or no date for the replication key.",
            "Run the sync again. If it stays, send the id to BigCommerce's support, or read the "
            'stream with `"replication-method": "FULL_TABLE"`.',
        ),
        Cause(
            "is skipped, and the next sync reads it first",
            "One record, or one of its child lists, cannot be read, while others can.",
            "Run the sync again. If it stays, send the id to BigCommerce's support.",
        ),
        Cause(
            "could not be read, while others could",
            "The same, reported at the end: all others have been read, and the bookmark has moved.",
            "Run the sync again: it reads these ids, which are in the state under `retry`, first.",
        ),
        Cause(
            "which is too many to skip",
            "So many records fail that the list itself must have a problem.",
            "Run the sync again later: it resumes where it stopped.",
        ),
        Cause(
            "answers with the record",
            "The API returned another record than the requested one.",
            "Run the sync again. If it stays, send the id to BigCommerce's support.",
        ),
        Cause(
            "a row has no usable id",
            "A row of a list has no id, and rows of other streams belong to it.",
            "Run the sync again. If it stays, ask BigCommerce's support.",
        ),
        Cause(
            "is not an object",
            "A nested list has values that are not rows.",
            "Send the id in the message to BigCommerce's support.",
        ),
        Cause(
            "returned other customers",
            "v3 returned other customers than the requested one.",
            "Run the sync again. If it stays, send the id to BigCommerce's support.",
        ),
        Cause(
            "of … has no usable …",
            "As above, for a child stream.",
            "As above.",
        ),
        Cause(
            "a record has no usable …",
            "The API sent a row whose key is missing, or is neither an integer nor a text.",
            "Send the lines to BigCommerce's support.",
        ),
        Cause(
            "a record has no usable id",
            "The API sent a row whose id is not a number above 0.",
            "Send the lines to BigCommerce's support.",
        ),
        Cause(
            "a page cannot be parsed",
            "A page has arrays that are nested thousands of levels deep.",
            "Send the lines to BigCommerce's support.",
        ),
        Cause(
            "out of order",
            "The API did not sort or filter by id as documented. Most often a proxy between the "
            "tap and the API responds from a cache.",
            "Check for a proxy; run the sync again.",
        ),
        Cause(
            "answers 404, although",
            "The API returns a record, but not its child list, three times in a row.",
            "Run the sync again later.",
        ),
        Cause(
            "It was read again, with the same result",
            "By its total, its last row or a next page, the list, or the child list of a record, "
            "has more records than the API returns.",
            "Look in the control panel which records are missing, and ask BigCommerce's support. "
            "If you need none of them, add the stream to `accept_incomplete`.",
        ),
        Cause(
            "That is accepted (accept_incomplete).",
            "The list has more records than the API returns; `accept_incomplete` has the stream.",
            "Nothing. Remove the name from `accept_incomplete` once the list is complete again.",
        ),
        Cause(
            "does not have the list … any more",
            "BigCommerce has removed a list of an older version of its API.",
            "Nothing: [another list](limits.md#when-v2customers-goes) is read instead.",
        ),
        Cause(
            "The list was read again by page number, and is complete",
            "The list filtered by id did not have all records; the list by page number has.",
            "Nothing: all records have been read. If it stays, report it to BigCommerce's support.",
        ),
        Cause(
            "the list changed each time it was read",
            "The list is read by page number, and records were added or deleted during each of "
            "three passes.",
            "Nothing: the next sync reads records that may have been missed. Run it when the store "
            "is less busy.",
        ),
        Cause(
            "in a way that cannot be understood",
            "The response's link to the next page has neither a page number nor a cursor.",
            "Ask BigCommerce's support; check for a proxy that changes responses.",
        ),
        Cause(
            "The list is read from its start instead",
            "The last run was stopped, and the cursor to continue from is no longer valid.",
            "Nothing.",
        ),
        Cause(
            "that it has named before",
            "The API returned the same cursor twice.",
            "Run the sync again; if it stays, ask BigCommerce's support.",
        ),
        Cause(
            "orders a child list was read because",
            "A check of what the list of orders includes has led to unneeded requests only "
            "([why](orders.md#line-items-addresses-and-fees-included-in-the-list)).",
            "Nothing. The check is disabled for the rest of the run.",
        ),
        Cause(
            "the API returns no row, and without them it returns all rows",
            "The API no longer accepts a parameter of the list.",
            "Nothing: the data are read row by row. Ask BigCommerce's support, or deselect the "
            "fields.",
        ),
        Cause(
            "although these were requested. They are read with requests of their own",
            "The list of orders or of products did not include what was requested: line items and "
            "addresses, fees, or nested lists.",
            "Nothing: they are read from child lists, one request for each list of such a record.",
        ),
        Cause(
            "the fields stay absent",
            "v3 did not return fields of customers that were requested.",
            "Deselect them, or ask BigCommerce's support why they are missing.",
        ),
        Cause(
            "although the tap requested these fields",
            "The tap requested these fields by name (`include`), and the list does not have them.",
            "Deselect them, or ask BigCommerce's support why they are missing.",
        ),
        Cause(
            "belong to no consignment",
            "Two parts of the API's response for an order contradict each other.",
            "Use `products`, which is complete.",
        ),
    ),
    "End of a run": (
        Cause(
            "… failed: …",
            "`--audit` could not compare this stream. The others continue; the exit status is 1.",
            "See the reason in the message, and run it again.",
        ),
        Cause(
            "The target stopped reading",
            "The program that reads the pipe has ended. Its own message is above.",
            "Correct what the target reports, and run both again with the last state.",
        ),
        Cause(
            "Standard output cannot be written",
            "A full disk, a quota of the system, or a broken volume. Nothing more is written after "
            "that, not even a STATE.",
            "Free some space, and run again with the last complete STATE before it.",
        ),
        Cause(
            "Standard output is closed",
            "The command was started with `>&-`, or by a program that closed it.",
            "Redirect it to a file, or pipe it to a target.",
        ),
        Cause(
            "Failed: ",
            "Some streams could not be read completely, or the run could not begin. The reason is "
            "in the CRITICAL lines above.",
            "Correct it, and run the sync again with the last state: it continues where it "
            "stopped.",
        ),
        Cause(
            "Stopped by",
            "Ctrl-C, or the system or an orchestrator ended the run.",
            "Run it again with the last state: it continues where it was stopped.",
        ),
        Cause(
            "Unexpected error. Please report it",
            "A bug in the tap.",
            "Report it, with the lines that follow. They contain no secret.",
        ),
        Cause(
            "This is a bug in the tap",
            "A bug in the tap, in the work for this stream. The other streams are still read.",
            "Report it, with the traceback above. It contains no secret.",
        ),
        Cause(
            ": unexpected error:",
            "As above; its traceback follows.",
            "As above.",
        ),
        Cause(
            "there is not enough memory",
            "The process has reached its memory limit. The other streams are still read.",
            "Raise the limit, or lower the settings that are named.",
        ),
    ),
}
