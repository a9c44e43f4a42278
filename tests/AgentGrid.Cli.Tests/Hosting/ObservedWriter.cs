using System.Text;

namespace AgentGrid.Cli.Tests.Hosting;

/// <summary>Keeps what is written, and tells who waits for a part of it.</summary>
internal sealed class ObservedWriter : TextWriter
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();
    private readonly List<(string Text, TaskCompletionSource Seen)> _awaited = [];

    public override Encoding Encoding => Encoding.UTF8;

    public string Text
    {
        get
        {
            lock (_gate)
            {
                return _text.ToString().Replace("\r\n", "\n", StringComparison.Ordinal);
            }
        }
    }

    public Task ContainsAsync(string text)
    {
        lock (_gate)
        {
            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((text, seen));
            Look();
            return seen.Task;
        }
    }

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(string? value)
    {
        lock (_gate)
        {
            _text.Append(value);
            Look();
        }
    }

    public override void WriteLine(string? value) => Write(value + "\n");

    private void Look()
    {
        var text = _awaited.Count == 0 ? "" : _text.ToString();
        foreach (var (_, seen) in _awaited.Where(a => text.Contains(a.Text, StringComparison.Ordinal)))
        {
            seen.TrySetResult();
        }
        _awaited.RemoveAll(a => a.Seen.Task.IsCompleted);
    }
}
