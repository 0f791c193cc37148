"""A merged profile as OpenTelemetry's request to store it: what is exported can be sent to any OTLP receiver.

Receivers name a profile by ``type:unit:period type:period unit`` and know CPU time only as numbers of samples, which
they multiply by the period. So nanoseconds of CPU are written as samples with a period of 1; everything else keeps its
type and its values.
"""

from __future__ import annotations

from ingest.api.proto import otlp_pb2, profile_pb2

SERVICE_NAME = "service.name"


def otlp_request(pprof: bytes, service_name: str) -> bytes:
    """Return an ``ExportProfilesServiceRequest`` that holds an uncompressed pprof message of one sample type.

    ``service_name`` becomes the resource's, unless it is empty.
    """
    source = profile_pb2.Profile.FromString(pprof)
    request = otlp_pb2.ExportProfilesServiceRequest()
    resource = request.resource_profiles.add()
    if service_name:
        resource.resource.attributes.add(key=SERVICE_NAME).value.string_value = service_name
    scope = resource.scope_profiles.add()
    scope.scope.name = "phlareweb"
    if not source.sample:
        return request.SerializeToString()
    _write_dictionary(request.dictionary, source)
    _write_profile(scope.profiles.add(), request.dictionary, source)
    return request.SerializeToString()


def _write_dictionary(dictionary: otlp_pb2.ProfilesDictionary, source: profile_pb2.Profile) -> None:
    """Copy the tables. Index 0 of each means nothing, which suits ids: those of merged profiles count from 1."""
    dictionary.string_table.extend(source.string_table)
    dictionary.link_table.add()
    dictionary.attribute_table.add()
    dictionary.mapping_table.add()
    strings = {text: at for at, text in enumerate(source.string_table)}
    build_id_key = _string(dictionary, strings, "process.executable.build_id.gnu")
    mappings, functions, locations = ({0: 0} for _ in range(3))
    for at, mapping in enumerate(source.mapping, 1):
        mappings[mapping.id] = at
        one = dictionary.mapping_table.add(
            memory_start=mapping.memory_start,
            memory_limit=mapping.memory_limit,
            file_offset=mapping.file_offset,
            filename_strindex=mapping.filename,
        )
        if mapping.build_id:
            attribute = dictionary.attribute_table.add(key_strindex=build_id_key)
            attribute.value.string_value = source.string_table[mapping.build_id]
            one.attribute_indices.append(len(dictionary.attribute_table) - 1)
    dictionary.function_table.add()
    for at, function in enumerate(source.function, 1):
        functions[function.id] = at
        dictionary.function_table.add(
            name_strindex=function.name,
            system_name_strindex=function.system_name,
            filename_strindex=function.filename,
            start_line=function.start_line,
        )
    dictionary.location_table.add()
    for at, location in enumerate(source.location, 1):
        locations[location.id] = at
        target = dictionary.location_table.add(mapping_index=mappings[location.mapping_id], address=location.address)
        for line in location.line:
            target.lines.add(function_index=functions[line.function_id], line=line.line)
    dictionary.stack_table.add()
    for sample in source.sample:
        dictionary.stack_table.add(location_indices=[locations[one] for one in sample.location_id])


def _write_profile(
    target: otlp_pb2.Profile, dictionary: otlp_pb2.ProfilesDictionary, source: profile_pb2.Profile
) -> None:
    strings = {text: at for at, text in enumerate(dictionary.string_table)}
    [kind] = source.sample_type
    names = [source.string_table[at] for at in (kind.type, kind.unit, source.period_type.type, source.period_type.unit)]
    values = [sample.value[0] for sample in source.sample]
    target.time_unix_nano = max(0, source.time_nanos)
    target.duration_nano = max(0, source.duration_nanos)
    if names == ["cpu", "nanoseconds", "cpu", "nanoseconds"]:
        target.sample_type.type_strindex = _string(dictionary, strings, "samples")
        target.sample_type.unit_strindex = _string(dictionary, strings, "count")
        target.period = 1
    else:
        target.sample_type.type_strindex, target.sample_type.unit_strindex = kind.type, kind.unit
        target.period = source.period or 1
    target.period_type.type_strindex = source.period_type.type
    target.period_type.unit_strindex = source.period_type.unit
    for at, value in enumerate(values, 1):
        target.samples.add(stack_index=at, values=[value])


def _string(dictionary: otlp_pb2.ProfilesDictionary, strings: dict[str, int], text: str) -> int:
    """Return the index of ``text`` in the dictionary, where it is added when it is not there."""
    if text not in strings:
        strings[text] = len(dictionary.string_table)
        dictionary.string_table.append(text)
    return strings[text]
