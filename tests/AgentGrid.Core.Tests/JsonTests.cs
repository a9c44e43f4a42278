using System.Text;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests;

public sealed class JsonTests
{
    [Fact]
    public void Problem_OfTextThatIsNotUtf8_IsSaid()
    {
        Assert.Equal("It is not UTF-8.", Json.Trusted(Encoding.Latin1.GetBytes("\"zwölf\"")).Problem());
        Assert.Null(Json.Trusted(Encoding.UTF8.GetBytes("\"zwölf\"")).Problem());
    }

    [Fact]
    public void Problem_OfWhatAWriterMade_IsThatOfItsParts()
    {
        var bad = Json.Trusted("[1,"u8.ToArray());
        var inside = Json.Build(writer => Json.Build(bad.WriteTo).WriteTo(writer));
        var beside = Json.Build(static writer => writer.WriteNullValue());

        Assert.NotNull(inside.Problem());
        Assert.NotNull(Json.From(new { bad }).Problem());
        Assert.NotNull(Json.From(new Dictionary<string, object> { ["a"] = inside, ["b"] = beside }).Problem());
        Assert.Null(beside.Problem());
        Assert.Null(Json.From(new { beside }).Problem());
    }

    [Fact]
    public void Problem_OfWhatIsTooDeep_IsSaidWhoeverMadeIt()
    {
        var deep = Json.Sound(Encoding.UTF8.GetBytes(new string('[', 65) + new string(']', 65)));

        Assert.Contains("64", deep.Problem());
        Assert.Null(Json.Sound(deep.Utf8[1..^1]).Problem());
        Assert.Contains("64", Json.Build(writer => deep.WriteTo(writer)).Problem());
    }

    [Fact]
    public void Stored_Output_IsNotInTheJournal()
    {
        var output = Json.Parse("[\"large\"]");
        var storage = new StoredValue(new string('a', 64), output.Length, MayRefer: true);
        RunEvent[] events =
        [
            new RunEvent.AttemptSucceeded("s", 1, "a", Json.Stored(storage, () => output)) { Time = default },
            new RunEvent.AttemptSucceeded("s", 2, "a", output) { Time = default },
        ];
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new System.Text.Json.Utf8JsonWriter(buffer))
        {
            RunEventJson.Write(writer, events);
        }

        var read = RunEventJson.Read(buffer.WrittenSpan);

        Assert.Single(Encoding.UTF8.GetString(buffer.WrittenSpan).Split("large")[1..]);
        Assert.Equal(storage, ((RunEvent.AttemptSucceeded)read[0]).Stored);
        Assert.Equal(output, ((RunEvent.AttemptSucceeded)RunEvent.Find(read[0], s => s == storage ? output : Json.Null)).Output);
        Assert.Equal(output, ((RunEvent.AttemptSucceeded)read[1]).Output);
        Assert.Null(((RunEvent.AttemptSucceeded)read[1]).Stored);
    }

    [Fact]
    public void Stored_Value_IsReadWhenItIsAskedForAndNotKept()
    {
        var reads = 0;
        var stored = Json.Stored(new StoredValue(new string('a', 64), 5), () =>
        {
            reads++;
            return Json.Parse("[1,2]");
        });

        Assert.Equal((5, false, 0), (stored.Length, stored.IsNull, reads));
        Assert.Equal(2, Use(stored));
        Assert.Equal(1, reads);
        GC.Collect();
        Assert.Equal(2, Use(stored));
        Assert.Equal(2, reads);
        Assert.Null(Json.Stored(stored.Storage!).InMemory);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static int Use(Json value) => value.Here is var here && here.Utf8.Length == 5 ? here.Element.GetArrayLength() : -1;
    }
}
