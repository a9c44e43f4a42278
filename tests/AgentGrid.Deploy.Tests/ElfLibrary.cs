using System.Text;

namespace AgentGrid.Deploy.Tests;

/// <summary>A shared library of Linux, 64 bits, little-endian.</summary>
internal static class ElfLibrary
{
    // Types of segments, and tags of entries of the dynamic one.
    private const uint Load = 1;
    private const uint Dynamic = 2;
    private const long Needed = 1;
    private const long StringTable = 5;

    /// <summary>The names of the libraries that it links to, in its order.</summary>
    public static IReadOnlyList<string> Needs(string path)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        var segments = Segments(reader);
        var entries = Entries(reader, segments.Single(s => s.Type == Dynamic));
        var address = entries.Single(e => e.Tag == StringTable).Value;
        var holder = segments.Single(
            s => s.Type == Load && s.Address <= address && address < s.Address + s.Size);
        var names = holder.Offset + (address - holder.Address);
        return [.. entries.Where(e => e.Tag == Needed).Select(e => TextAt(reader, names + e.Value))];
    }

    private static List<(uint Type, long Offset, long Address, long Size)> Segments(BinaryReader reader)
    {
        Assert.Equal("\u007fELF\u0002\u0001"u8, reader.ReadBytes(6));
        var table = At(reader, 32).ReadInt64();
        var size = At(reader, 54).ReadUInt16();
        var count = reader.ReadUInt16();
        var segments = new List<(uint, long, long, long)>();
        for (var i = 0; i < count; i++)
        {
            var type = At(reader, table + (i * size)).ReadUInt32();
            reader.ReadUInt32(); // flags
            var (offset, address) = (reader.ReadInt64(), reader.ReadInt64());
            reader.ReadInt64(); // the physical address
            segments.Add((type, offset, address, reader.ReadInt64()));
        }
        return segments;
    }

    private static List<(long Tag, long Value)> Entries(
        BinaryReader reader, (uint Type, long Offset, long Address, long Size) segment)
    {
        var entries = new List<(long, long)>();
        At(reader, segment.Offset);
        while (reader.BaseStream.Position < segment.Offset + segment.Size)
        {
            entries.Add((reader.ReadInt64(), reader.ReadInt64()));
        }
        return entries;
    }

    private static string TextAt(BinaryReader reader, long offset)
    {
        At(reader, offset);
        var text = new StringBuilder();
        for (var c = reader.ReadByte(); c != 0; c = reader.ReadByte())
        {
            text.Append((char)c);
        }
        return text.ToString();
    }

    private static BinaryReader At(BinaryReader reader, long offset)
    {
        reader.BaseStream.Position = offset;
        return reader;
    }
}
