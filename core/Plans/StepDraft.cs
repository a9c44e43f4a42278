using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>A step as it was written; what could not be read has its default.</summary>
/// <param name="Place">Where its id stands.</param>
/// <param name="Node">The document's part; null when there is none.</param>
internal sealed record StepDraft(Step Step, ConfigPlace Place, ConfigNode.Mapping? Node)
{
    public string Id => Step.Id;

    /// <summary>Where a value of the step stands; for an entry of a list or a mapping, the entry.</summary>
    public ConfigPlace At(string key, string? entry = null) => Node?[key] switch
    {
        null => Place.Key(key, Place.Line, Place.Column),
        ConfigNode.Sequence list => list.Items
            .FirstOrDefault(i => i is ConfigNode.Scalar scalar && scalar.Text == entry)?.Place ?? list.Place,
        ConfigNode.Mapping mapping => (entry is null ? null : mapping[entry])?.Place ?? mapping.Place,
        var node => node.Place,
    };
}
