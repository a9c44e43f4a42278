using System.Text;

namespace AgentGrid.Cli;

/// <summary>What programs and files have to say is UTF-8, whatever the locale says.</summary>
internal static class Utf8
{
    // With the mark as its preamble: a mark of UTF-8 would otherwise mean another encoding, which is not strict.
    private static readonly UTF8Encoding s_strict = new(
        encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);

    /// <summary>
    /// Reads UTF-8, or what a byte order mark says; bytes that are not are an error, a
    /// <see cref="DecoderFallbackException"/>, rather than changed.
    /// </summary>
    public static StreamReader Reader(Stream stream) => new(stream, s_strict);

    /// <summary>Writes each text at once.</summary>
    public static StreamWriter Writer(Stream stream) => new(stream, new UTF8Encoding(false)) { AutoFlush = true };
}
