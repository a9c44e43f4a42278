namespace AgentGrid.Streams;

/// <summary>For scripts of one's own, which write to a stream in the same step as to something else.</summary>
public static class AppendScript
{
    /// <summary>
    /// What such a script begins with: a function <c>appendTo(stream, most, field, value, ...)</c>, which adds an entry to
    /// the stream, keeps about as many as <c>most</c>, and wakes the receiver. The stream is <see cref="QueueKeys.Stream"/>.
    /// </summary>
    public static string Text { get; } = Read("append");

    /// <summary>Of producers of Orleans.</summary>
    internal static string Produce { get; } = Text + Read("produce");

    private static string Read(string name)
    {
        using var stream = typeof(AppendScript).Assembly.GetManifestResourceStream($"{name}.lua")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
