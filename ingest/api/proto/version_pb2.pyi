from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class VersionRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class VersionResponse(_message.Message):
    __slots__ = ("QuerierAPI",)
    QUERIERAPI_FIELD_NUMBER: _ClassVar[int]
    QuerierAPI: int
    def __init__(self, QuerierAPI: _Optional[int] = ...) -> None: ...
