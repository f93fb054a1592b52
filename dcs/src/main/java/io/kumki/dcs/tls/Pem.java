package io.kumki.dcs.tls;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * Certificates, and private keys in the PEM forms that openssl writes: PKCS#8 ({@code PRIVATE KEY},
 * {@code ENCRYPTED PRIVATE KEY}), PKCS#1 ({@code RSA PRIVATE KEY}) and SEC 1 ({@code EC PRIVATE
 * KEY}). The JDK reads PKCS#8 only, so the others are wrapped in it.
 */
public final class Pem {

    private static final byte[] VERSION_0 = HexFormat.of().parseHex("020100");
    private static final byte[] RSA = HexFormat.of().parseHex("300d06092a864886f70d0101010500");
    private static final byte[] EC_OID = HexFormat.of().parseHex("06072a8648ce3d0201");

    /** The tag of a SEC 1 key's curve. */
    private static final int CURVE_TAG = 0xa0;

    private static final int SEQUENCE = 0x30;
    private static final int OCTETS = 0x04;

    private Pem() {}

    /** All PEM blocks of a kind, with their BEGIN and END lines. */
    public static List<String> blocks(String pem, String kind) {
        Pattern block =
                Pattern.compile("-----BEGIN " + kind + "-----[^-]+-----END " + kind + "-----\\R?");
        List<String> found = new ArrayList<>();
        for (Matcher matcher = block.matcher(pem); matcher.find(); ) {
            found.add(matcher.group());
        }
        return found;
    }

    /** All certificates of a text that may hold a key as well; maybe none. */
    public static List<X509Certificate> certificates(String pem) throws CertificateException {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<X509Certificate> certificates = new ArrayList<>();
        for (String block : blocks(pem, "CERTIFICATE")) {
            byte[] bytes = block.getBytes(StandardCharsets.US_ASCII);
            certificates.add(
                    (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(bytes)));
        }
        return List.copyOf(certificates);
    }

    /**
     * The first private key.
     *
     * @param password for a key of PKCS#8 that is encrypted; the older encryption within PKCS#1 and
     *     SEC 1 ({@code Proc-Type: 4,ENCRYPTED}) is not read
     * @throws GeneralSecurityException if there is none that can be read; the message says what to
     *     do
     */
    public static PrivateKey privateKey(String pem, Optional<String> password)
            throws GeneralSecurityException {
        List<String> encrypted = blocks(pem, "ENCRYPTED PRIVATE KEY");
        if (!encrypted.isEmpty()) {
            if (password.isEmpty()) {
                throw new InvalidKeyException(
                        "the key is encrypted and there is no password for it; set one or write the"
                                + " key without (openssl pkey -in FILE -out FILE)");
            }
            return pkcs8(decrypted(bytes(encrypted.getFirst()), password.get()));
        }
        for (String kind : List.of("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY")) {
            List<String> blocks = blocks(pem, kind);
            if (!blocks.isEmpty() && !blocks.getFirst().contains("ENCRYPTED")) {
                byte[] der = bytes(blocks.getFirst());
                return switch (kind) {
                    case "RSA PRIVATE KEY" -> pkcs8(wrap(RSA, der));
                    case "EC PRIVATE KEY" -> pkcs8(wrap(ecAlgorithm(der), der));
                    default -> pkcs8(der);
                };
            }
        }
        throw new InvalidKeyException(
                pem.contains("ENCRYPTED")
                        ? "the key is encrypted in an old form; write it anew (openssl pkcs8 -topk8"
                                + " -in FILE -out FILE)"
                        : "no PRIVATE KEY block in it");
    }

    private static byte[] decrypted(byte[] der, String password) throws GeneralSecurityException {
        try {
            EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(der);
            // for PBES2 the name that names the functions stands in the parameters
            String algorithm = String.valueOf(info.getAlgParameters());
            SecretKey secret =
                    SecretKeyFactory.getInstance(algorithm)
                            .generateSecret(new PBEKeySpec(password.toCharArray()));
            Cipher cipher = Cipher.getInstance(algorithm);
            cipher.init(Cipher.DECRYPT_MODE, secret, info.getAlgParameters());
            return info.getKeySpec(cipher).getEncoded();
        } catch (GeneralSecurityException | IOException e) {
            throw new InvalidKeyException("the password doesn't open the key: " + e, e);
        }
    }

    private static PrivateKey pkcs8(byte[] der) throws GeneralSecurityException {
        InvalidKeySpecException last = new InvalidKeySpecException("unknown algorithm");
        for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
            try {
                return KeyFactory.getInstance(algorithm)
                        .generatePrivate(new PKCS8EncodedKeySpec(der));
            } catch (InvalidKeySpecException other) {
                last = other;
            }
        }
        throw last;
    }

    /** PKCS#8: version, algorithm, the key as octets. */
    private static byte[] wrap(byte[] algorithm, byte[] key) {
        return der(SEQUENCE, VERSION_0, algorithm, der(OCTETS, key));
    }

    /** A SEC 1 key names its curve in a field with tag 0: version, key octets, [0] curve, … */
    private static byte[] ecAlgorithm(byte[] sec1) throws InvalidKeyException {
        int at = contentStart(sec1, 0);
        while (at < sec1.length) {
            int start = contentStart(sec1, at);
            int length = length(sec1, at);
            if ((sec1[at] & 0xff) == CURVE_TAG) {
                byte[] curve = java.util.Arrays.copyOfRange(sec1, start, start + length);
                return der(SEQUENCE, EC_OID, curve);
            }
            at = start + length;
        }
        throw new InvalidKeyException("the EC key doesn't name its curve");
    }

    private static byte[] der(int tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(length + 5);
        out.write(tag);
        if (length < 0x80) {
            out.write(length);
        } else {
            out.write(0x82); // two bytes of length: keys are longer than 127 and shorter than 65536
            out.write(length >> 8);
            out.write(length);
        }
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static int length(byte[] der, int at) throws InvalidKeyException {
        if (at + 1 >= der.length) {
            throw new InvalidKeyException("the key is cut short");
        }
        int first = der[at + 1] & 0xff;
        if (first < 0x80) {
            return first;
        }
        int length = 0;
        for (int i = 0; i < (first & 0x7f); i++) {
            if (at + 2 + i >= der.length) {
                throw new InvalidKeyException("the key is cut short");
            }
            length = length << 8 | der[at + 2 + i] & 0xff;
        }
        if (length < 0 || length > der.length) {
            throw new InvalidKeyException("the key is cut short");
        }
        return length;
    }

    private static int contentStart(byte[] der, int at) throws InvalidKeyException {
        if (at + 1 >= der.length) {
            throw new InvalidKeyException("the key is cut short");
        }
        int first = der[at + 1] & 0xff;
        return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
    }

    private static byte[] bytes(String block) {
        return Base64.getMimeDecoder()
                .decode(
                        block.replaceAll("-----[^-]+-----", "")
                                .replaceAll("(?m)^[A-Za-z-]+:.*$", ""));
    }
}
