using System.Text.Encodings.Web;
using System.Text.Json;
using AgentGrid.Cli.Client;
using AgentGrid.Core;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AgentGrid.Cli.Output;

/// <summary>Prints: answers to standard output, everything about them to standard error.</summary>
internal sealed class Screen
{
    // Nobody wraps lines in a pipe: each row of a table stays one line, whatever it holds.
    private const int EndlessWidth = 10_000;

    private static readonly JsonSerializerOptions s_indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly TextWriter _out;
    private readonly TextWriter _error;

    public Screen(TerminalEnvironment around, bool json)
    {
        (_out, _error) = (around.Out, around.Error);
        Json = json;
        IsLive = around.IsTerminal && !json;
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(around.Out),
            Ansi = IsLive ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = IsLive ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = IsLive ? InteractionSupport.Yes : InteractionSupport.No,
        });
        Console.Profile.Width = around.Width is > 20 and var width ? width : EndlessWidth;
        Console.Profile.Capabilities.Unicode = true;
    }

    /// <summary>Whether a program reads the output.</summary>
    public bool Json { get; }

    /// <summary>Whether a person looks, and parts may move.</summary>
    public bool IsLive { get; }

    public IAnsiConsole Console { get; }

    private bool IsEndless => Console.Profile.Width == EndlessWidth;

    /// <summary>One JSON value on one line.</summary>
    public void Value(Json json)
    {
        _out.WriteLine(json.ToString());
        _out.Flush();
    }

    /// <summary>A JSON value for people: over several lines, with readable letters.</summary>
    public void Indented(Json json) => _out.WriteLine(JsonSerializer.Serialize(json.Element, s_indented));

    public void Line(string text = "")
    {
        _out.WriteLine(PlainText.Of(text));
        _out.Flush();
    }

    public void Note(string text) => _error.WriteLine(PlainText.Of(text));

    /// <summary>Something about an answer that whoever reads it should know.</summary>
    public void Warn(string text)
    {
        if (Json)
        {
            _error.WriteLine(Core.Json.From(new { warning = new { message = text } }));
            return;
        }
        Note($"agentgrid: {text}");
    }

    public void Table(string[] columns, IEnumerable<object[]> rows) => Console.Write(TableOf(columns, rows));

    /// <summary>A table of which some rows have a remark: below them on a terminal, elsewhere in the last column.</summary>
    public IRenderable TableOf(string[] columns, string remark, IEnumerable<(object[] Cells, string? Remark)> rows)
    {
        if (IsEndless)
        {
            return TableOf([.. columns, remark], rows.Select(r => (object[])[.. r.Cells, r.Remark ?? ""]));
        }
        var table = TableOf(columns, []);
        var remarked = new TableWithNotes(table);
        foreach (var (cells, text) in rows)
        {
            table.AddRow(Cells(cells));
            if (text is not null)
            {
                remarked.AddRemark(text);
            }
        }
        return remarked;
    }

    /// <param name="rows">Cells: texts, or what Spectre.Console can draw.</param>
    public Table TableOf(string[] columns, IEnumerable<object[]> rows)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = true, UseSafeBorder = true };
        foreach (var column in columns)
        {
            var drawn = new TableColumn(new Text(column.ToUpperInvariant(), new Style(decoration: Decoration.Bold)))
            {
                Padding = new Padding(0, 0, 2, 0),
                NoWrap = IsEndless,
            };
            table.AddColumn(drawn);
        }
        foreach (var row in rows)
        {
            table.AddRow(Cells(row));
        }
        return table;
    }

    private static IEnumerable<IRenderable> Cells(object[] row) =>
        row.Select(c => c as IRenderable ?? new Text(PlainText.Of((string)c)));

    /// <summary>Why the server refused, for people or for programs.</summary>
    public void Problem(Problem problem)
    {
        if (Json)
        {
            _error.WriteLine(Core.Json.From(new ErrorDocument(new ErrorBody(
                ExitCode.Refused, problem.Detail, problem.Code, problem.Status, problem.Field, problem.RetryAfter,
                problem.Errors?.ToArray()))));
            return;
        }
        var field = problem.Field is null ? "" : $" [{problem.Field}]";
        Note($"agentgrid: {problem.Code}{field}: {problem.Detail}");
        foreach (var entry in problem.Errors ?? [])
        {
            Note($"  {entry.Path}: {entry.Code}: {entry.Message}");
        }
        if (problem.RetryAfter is { } seconds)
        {
            Note($"  Try again in {seconds} s.");
        }
    }

    /// <summary>Why the program could not do what it was told.</summary>
    public void Failure(int exitCode, string message)
    {
        if (Json)
        {
            _error.WriteLine(Core.Json.From(new ErrorDocument(new ErrorBody(exitCode, message))));
            return;
        }
        foreach (var line in $"agentgrid: {message}".Split('\n'))
        {
            Note(line.TrimEnd('\r'));
        }
    }

    private sealed record ErrorDocument(ErrorBody Error);

    private sealed record ErrorBody(
        int ExitCode, string Message, string? Code = null, int? Status = null, string? Field = null,
        int? RetryAfter = null, ProblemEntry[]? Errors = null);
}
