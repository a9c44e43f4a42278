using System.Collections.Frozen;
using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Documents;

namespace AgentGrid.Kinds.Http.Tensors;

/// <summary>Reads <c>inputs</c> and <c>outputs</c>, of all kinds that have tensors.</summary>
public static class TensorMappingReader
{
    private const int LargestDimension = 1_000_000_000;

    private static readonly string[] s_tensorKeys = ["path", "datatype", "shape"];

    private static readonly FrozenDictionary<string, TensorType> s_types =
        Enum.GetValues<TensorType>().ToFrozenDictionary(t => t.ToString(), StringComparer.Ordinal);

    /// <summary>What is said of an agent; what cannot be read is left out, and reported.</summary>
    public static TensorMapping Read(MappingReader agent, ProblemList problems)
    {
        var inputs = Entries(agent, "inputs", problems).Select(e => ReadInput(e, problems)).OfType<TensorInput>().ToImmutableArray();
        if (agent["inputs"] is null)
        {
            problems.Add(
                agent.Place, ConfigCodes.Missing,
                "'inputs' must say which tensors the model gets, and from where: inputs: { tokens: input.tokens }.");
        }
        return new TensorMapping { Inputs = inputs, Outputs = ReadOutputs(agent, problems) };
    }

    private static IEnumerable<ConfigNode.Entry> Entries(MappingReader agent, string key, ProblemList problems) =>
        new MappingReader(agent[key], problems, null).Entries;

    // "input.tokens", or { path: input.tokens, datatype: INT64, shape: [1, -1] }.
    private static TensorInput? ReadInput(ConfigNode.Entry entry, ProblemList problems)
    {
        if (entry.Value is ConfigNode.Scalar { Kind: ScalarKind.Text } text)
        {
            return InputPath.Parse(text.Text, $"'{Names.Shorten(entry.Key)}'", text.Place, problems) is { } only
                ? new TensorInput(entry.Key, only, null, default)
                : null;
        }
        var reader = new MappingReader(entry.Value, problems, s_tensorKeys);
        if (reader["path"] is null && entry.Value is ConfigNode.Mapping or ConfigNode.Scalar { Kind: ScalarKind.Null })
        {
            problems.Add(
                reader.Place, ConfigCodes.Missing,
                $"'path' must say where in the input the values of '{Names.Shorten(entry.Key)}' are: path: input.tokens.");
        }
        var type = reader.Word("datatype", s_types);
        var shape = ReadShape(reader["shape"], problems);
        return InputPath.Read(reader, "path", problems) is { } path ? new TensorInput(entry.Key, path, type, shape) : null;
    }

    private static ImmutableArray<int> ReadShape(ConfigNode? node, ProblemList problems)
    {
        if (node is null)
        {
            return default;
        }
        var dimensions = (node as ConfigNode.Sequence)?.Items.Select(i =>
            i is ConfigNode.Scalar { Kind: ScalarKind.Number } number && int.TryParse(number.Text, out var d)
                && d is -1 or >= 0 and <= LargestDimension ? d : (int?)null).ToArray();
        if (dimensions is null || dimensions.Contains(null) || dimensions.Count(d => d == -1) > 1)
        {
            problems.Add(
                node.Place, ConfigCodes.WrongType,
                "'shape' is a list of whole numbers, of which one may be -1 for what is left: [1, -1].");
            return default;
        }
        return [.. dimensions.Select(d => d!.Value)];
    }

    private static ImmutableArray<TensorOutput> ReadOutputs(MappingReader agent, ProblemList problems)
    {
        var outputs = ImmutableArray.CreateBuilder<TensorOutput>();
        foreach (var entry in Entries(agent, "outputs", problems))
        {
            var members = (entry.Value as ConfigNode.Scalar)?.Text.Split('.') ?? [];
            if (members.Length == 0 || !members.All(IsMember))
            {
                problems.Add(
                    entry.Value.Place, ConfigCodes.BadPath,
                    $"'{Names.Shorten(entry.Key)}': expected where in the output its values go, as 'frames' or 'motion.frames', " +
                    $"got {entry.Value.Describe()}.");
                continue;
            }
            if (outputs.FirstOrDefault(o => IsWithin(o.Members, members) || IsWithin(members, o.Members)) is { } other)
            {
                problems.Add(
                    entry.Value.Place, ConfigCodes.Contradiction,
                    $"'{string.Join('.', members)}' and '{string.Join('.', other.Members)}' cannot both be in the output: one is in the other's place.");
                continue;
            }
            outputs.Add(new TensorOutput(entry.Key, [.. members]));
        }
        return outputs.ToImmutable();
    }

    private static bool IsMember(string name) => name.Length > 0 && name.All(c => char.IsLetterOrDigit(c) || c is '_' or '-');

    private static bool IsWithin(IReadOnlyList<string> outer, IReadOnlyList<string> inner) =>
        inner.Count >= outer.Count && outer.SequenceEqual(inner.Take(outer.Count), StringComparer.Ordinal);
}
