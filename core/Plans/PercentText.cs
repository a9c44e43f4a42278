using System.Globalization;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Shares as people write them: <c>5%</c>, <c>0.5%</c>.</summary>
internal static class PercentText
{
    /// <returns>0 to 100; null for what is no share.</returns>
    public static double? Read(ConfigNode node) => node is ConfigNode.Scalar { Kind: ScalarKind.Text, Text: var text } ? Parse(text) : null;

    /// <inheritdoc cref="Read"/>
    public static double? Parse(string text) =>
        text is [.. var share, '%']
        && double.TryParse(share, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)
        && percent <= 100
            ? percent
            : null;

    public static string Format(double percent) => string.Create(CultureInfo.InvariantCulture, $"{percent}%");
}
