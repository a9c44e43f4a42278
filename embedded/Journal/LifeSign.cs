using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// When the process that drives the runs of a journal was last known to live, in a file beside it: so the next one knows
/// since when nobody was there.
/// </summary>
/// <remarks>
/// It is not synced, and a process does without it where it cannot be written: what it says is worth a second of accuracy
/// in times, and nothing else.
/// </remarks>
internal class LifeSign : IDisposable
{
    private const string Format = "yyyy-MM-ddTHH:mm:ss.fffZ";

    private readonly SafeFileHandle? _file;

    /// <param name="journal">The path of the journal.</param>
    public LifeSign(string journal)
    {
        try
        {
            _file = File.OpenHandle($"{journal}.alive", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
            Last = Read(_file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nobody will know how long this process has lived.
        }
    }

    protected LifeSign()
    {
    }

    /// <summary>When a process before this one was last known to live; null where nothing says so.</summary>
    public DateTimeOffset? Last { get; protected init; }

    /// <summary>This process lives.</summary>
    public virtual void Give(DateTimeOffset now)
    {
        try
        {
            if (_file is { IsClosed: false } file)
            {
                RandomAccess.Write(file, Encoding.ASCII.GetBytes(now.ToString(Format, CultureInfo.InvariantCulture)), 0);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // A disk that is full, or an engine that is closed just now; the next second is as good.
        }
    }

    public void Dispose() => _file?.Dispose();

    private static DateTimeOffset? Read(SafeFileHandle file)
    {
        Span<byte> text = stackalloc byte[Format.Length];
        var read = RandomAccess.Read(file, text, 0);
        return DateTimeOffset.TryParseExact(
            Encoding.ASCII.GetString(text[..read]), Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal,
            out var last)
            ? last
            : null;
    }
}
