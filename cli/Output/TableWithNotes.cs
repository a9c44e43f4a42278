using Spectre.Console;
using Spectre.Console.Rendering;

namespace AgentGrid.Cli.Output;

/// <summary>
/// A table of which rows have a remark: a dim line of its own below the row, as wide as the terminal, because no column
/// would be wide enough for it.
/// </summary>
internal sealed class TableWithNotes : IRenderable
{
    // Stands in the table where a remark belongs. No first column begins with it: users write none of those.
    private const string Place = "\uE000";

    private readonly Table _table;
    private readonly List<string> _remarks = [];

    public TableWithNotes(Table table) => _table = table;

    public void AddRemark(string remark)
    {
        _remarks.Add(remark);
        _table.AddRow(Place);
    }

    public Measurement Measure(RenderOptions options, int maxWidth) =>
        ((IRenderable)_table).Measure(options, maxWidth);

    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        var next = 0;
        foreach (var line in Segment.SplitLines(((IRenderable)_table).Render(options, maxWidth)))
        {
            if (line.Count == 0 || !line[0].Text.StartsWith(Place, StringComparison.Ordinal))
            {
                foreach (var segment in line)
                {
                    yield return segment;
                }
                yield return Segment.LineBreak;
                continue;
            }
            IRenderable remark = new Padder(Show.Dim(_remarks[next++]), new Padding(2, 0, 0, 0));
            foreach (var segment in remark.Render(options, maxWidth))
            {
                yield return segment;
            }
        }
    }
}
