using System.Buffers;
using System.Buffers.Text;
using System.Numerics;

namespace AgentGrid.Agents.Motion;

/// <summary>
/// Frames as JSON. Positions are rounded to 0.1 mm, so they are written as whole numbers with a point in them: a motion has
/// thousands of them, and the shortest text of a general number is much work.
/// </summary>
internal static class FrameText
{
    private const int Decimals = 4;
    private const double Scale = 10_000;

    // "[-214748.3647,...],": nothing is further away.
    private const int LongestJoint = 3 * 13 + 3;

    /// <param name="joints">Metres.</param>
    /// <param name="isFirst">It opens the list of frames.</param>
    public static void Write(IBufferWriter<byte> target, ReadOnlySpan<Vector3> joints, bool isFirst)
    {
        var text = target.GetSpan(2 + joints.Length * LongestJoint);
        var length = 0;
        text[length++] = isFirst ? (byte)'[' : (byte)',';
        text[length++] = (byte)'[';
        foreach (var joint in joints)
        {
            text[length++] = (byte)'[';
            length += Number(text[length..], joint.X);
            text[length++] = (byte)',';
            length += Number(text[length..], joint.Y);
            text[length++] = (byte)',';
            length += Number(text[length..], joint.Z);
            text[length++] = (byte)']';
            text[length++] = (byte)',';
        }
        text[length - 1] = (byte)']';
        target.Advance(length);
    }

    // As short as it can be: 0.5 and not 0.5000, 0 and not -0.
    private static int Number(Span<byte> text, float metres)
    {
        var scaled = checked((int)Math.Round(metres * Scale));
        var length = 0;
        if (scaled < 0)
        {
            text[length++] = (byte)'-';
            scaled = -scaled;
        }
        var (whole, fraction) = int.DivRem(scaled, (int)Scale);
        Utf8Formatter.TryFormat(whole, text[length..], out var written);
        length += written;
        if (fraction == 0)
        {
            return length;
        }
        text[length++] = (byte)'.';
        for (var i = Decimals - 1; i >= 0; i--)
        {
            (fraction, var digit) = int.DivRem(fraction, 10);
            text[length + i] = (byte)('0' + digit);
        }
        length += Decimals;
        while (text[length - 1] == '0')
        {
            length--;
        }
        return length;
    }
}
