using AgentGrid.Api.Problems;

namespace AgentGrid.Api.Requests;

/// <summary>Tells the encoding of a body by its first bytes.</summary>
internal static class TextEncoding
{
    /// <summary>What begins some texts in UTF-8, and is no part of them.</summary>
    public static ReadOnlySpan<byte> Mark => "\uFEFF"u8;

    /// <summary>Why a body cannot be UTF-8; null when it may be. Meant for texts that do not begin with NUL.</summary>
    public static ApiProblem? Problem(ReadOnlySpan<byte> body) => body switch
    {
        [0xFF, 0xFE, 0, 0, ..] or [0, 0, 0xFE, 0xFF, ..] => Wrong("UTF-32"),
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] => Wrong("UTF-16"),
        [not 0, 0, 0, 0, ..] or [0, 0, 0, not 0, ..] => Wrong("UTF-32"),
        [not 0, 0, not 0, 0, ..] or [0, not 0, 0, not 0, ..] => Wrong("UTF-16"),
        [0x1F, 0x8B, ..] => new ApiProblem(400, ApiCode.InvalidText,
            "The body is compressed with gzip, but nothing says so: send 'Content-Encoding: gzip' with it.")
        {
            Field = "$",
        },
        _ => null,
    };

    private static ApiProblem Wrong(string encoding) => new(400, ApiCode.InvalidText,
        $"The body is {encoding}; expected UTF-8. In PowerShell: -Encoding utf8; in Python: text.encode('utf-8').")
    {
        Field = "$",
    };
}
